lib_libassay_la_SOURCES += \
	%D%/goodness_of_fit.c \
	%D%/histogram.c \
	%D%/kernel_density.c \
	%D%/moments.c \
	%D%/moments_impl.h \
	%D%/range.c \
	%D%/range.h
nobase_assayinclude_HEADERS += \
	%D%/goodness_of_fit.h \
	%D%/histogram.h \
	%D%/moments.h
