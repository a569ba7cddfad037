lib_libassay_la_SOURCES += \
	%D%/batches.c \
	%D%/chain.c \
	%D%/checkpoint.c \
	%D%/likeness.c \
	%D%/retrace.c \
	%D%/trainer.c \
	%D%/trainer_impl.h
nobase_assayinclude_HEADERS += \
	%D%/batches.h \
	%D%/chain.h \
	%D%/likeness.h \
	%D%/retrace.h \
	%D%/trainer.h
