lib_libassay_la_SOURCES += \
	%D%/alloc.c \
	%D%/error.c \
	%D%/file.c \
	%D%/json.c \
	%D%/json.h
nobase_assayinclude_HEADERS += \
	%D%/alloc.h \
	%D%/error.h \
	%D%/file.h
