lib_libassay_la_SOURCES += \
	%D%/clones.h \
	%D%/core.c \
	%D%/f32.c \
	%D%/f64.c \
	%D%/openblas.c \
	%D%/openblas.h \
	%D%/panel.c \
	%D%/panel.h \
	%D%/panel_avx2.c \
	%D%/panel_avx512.c \
	%D%/panel_kernels.h \
	%D%/panel_template.h \
	%D%/pool.c \
	%D%/pool.h \
	%D%/processor.c \
	%D%/processor.h \
	%D%/real.h \
	%D%/real_activation.h \
	%D%/real_layers.h \
	%D%/real_loss.h \
	%D%/real_math.h \
	%D%/real_memory.h \
	%D%/real_operations.h \
	%D%/real_update.h
nobase_assayinclude_HEADERS += %D%/core.h
