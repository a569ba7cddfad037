lib_libassay_la_SOURCES += \
	%D%/activations.c \
	%D%/backend.c \
	%D%/kernels.h \
	%D%/loss.c \
	%D%/update.c
