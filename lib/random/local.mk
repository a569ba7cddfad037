lib_libassay_la_SOURCES += \
	%D%/generator.c \
	%D%/mt19937.c \
	%D%/mt19937_fill.c \
	%D%/philox.c \
	%D%/philox_fill.c
nobase_assayinclude_HEADERS += \
	%D%/generator.h \
	%D%/mt19937.h \
	%D%/philox.h
