lib_libassay_la_SOURCES += \
	%D%/dataset.c \
	%D%/idx.c \
	%D%/split.c
nobase_assayinclude_HEADERS += \
	%D%/dataset.h \
	%D%/idx.h \
	%D%/split.h
