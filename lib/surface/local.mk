lib_libassay_la_SOURCES += \
	%D%/descent.c \
	%D%/f32.c \
	%D%/f64.c \
	%D%/surface.c
nobase_assayinclude_HEADERS += \
	%D%/descent.h \
	%D%/surface.h
