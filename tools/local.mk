EXTRA_DIST += %D%/golden/torch_random.py
EXTRA_DIST += %D%/golden/stats.py
EXTRA_DIST += %D%/golden/torch_data.py
bin_PROGRAMS += assay
assay_SOURCES = \
	%D%/assay.c \
	%D%/descend.c \
	%D%/evaluate.c \
	%D%/pictures.c \
	%D%/pictures.h \
	%D%/pictures_page.c \
	%D%/progress.c \
	%D%/progress.h \
	%D%/reproduce.c \
	%D%/reproduce.h \
	%D%/reproduce_optimizers.c \
	%D%/reproduce_output.c \
	%D%/retrace.c \
	%D%/retrace.h \
	%D%/tool.c \
	%D%/tool.h \
	%D%/train.c \
	%D%/train.h \
	%D%/train_run.c
include %D%/grade.mk
assay_LDADD = lib/libassay.la $(JANSSON_LIBS) -lm
EXTRA_DIST += %D%/golden/model.py
EXTRA_DIST += %D%/golden/activation.py
EXTRA_DIST += %D%/golden/optim.py
EXTRA_DIST += %D%/golden/surface.py
EXTRA_DIST += %D%/golden/torch_init.py
EXTRA_DIST += %D%/cuda-check
