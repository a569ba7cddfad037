lib_libassay_la_SOURCES += \
	%D%/descents.c \
	%D%/experiment.c \
	%D%/numbers.c \
	%D%/optimizers.c \
	%D%/session.c \
	%D%/theory.c \
	%D%/session_impl.h
nobase_assayinclude_HEADERS += \
	%D%/descents.h \
	%D%/numbers.h \
	%D%/optimizers.h \
	%D%/session.h \
	%D%/theory.h
lib_libassay_la_SOURCES += \
	%D%/depth.c \
	%D%/figures.c \
	%D%/figures_depth.c \
	%D%/figures_run.c \
	%D%/figures_surface.c \
	%D%/figure_parts.h
nobase_assayinclude_HEADERS += \
	%D%/depth.h \
	%D%/figures.h
