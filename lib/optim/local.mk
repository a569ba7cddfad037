lib_libassay_la_SOURCES += \
	%D%/names.c \
	%D%/optimizer.c \
	%D%/settings.c
nobase_assayinclude_HEADERS += \
	%D%/optimizer.h
