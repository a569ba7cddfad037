lib_libassay_la_SOURCES += \
	%D%/tolerance.c
nobase_assayinclude_HEADERS += \
	%D%/tolerance.h
