lib_libassay_la_SOURCES += \
	%D%/gradient.c \
	%D%/ladder.c \
	%D%/ladder.h \
	%D%/tolerance.c
nobase_assayinclude_HEADERS += \
	%D%/gradient.h \
	%D%/tolerance.h
