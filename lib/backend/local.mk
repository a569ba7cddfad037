lib_libassay_la_SOURCES += \
	%D%/activation.c \
	%D%/backend.c \
	%D%/implementation.h \
	%D%/memory.c \
	%D%/operations.c \
	%D%/update_rule.c \
	%D%/validate.c \
	%D%/validate.h
nobase_assayinclude_HEADERS += \
	%D%/activation.h \
	%D%/backend.h \
	%D%/update_rule.h
include %D%/reference/local.mk
include %D%/openblas/local.mk
include %D%/cuda/local.mk
