lib_libassay_la_SOURCES += \
	%D%/gain.c \
	%D%/initializer.c
nobase_assayinclude_HEADERS += \
	%D%/initializer.h
