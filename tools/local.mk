# The program `assay`: one file for each subcommand.
bin_PROGRAMS = assay
assay_SOURCES = \
	%D%/assay.c \
	%D%/convert.c \
	%D%/descend.c \
	%D%/evaluate.c \
	%D%/evaluate.h \
	%D%/evaluate_output.c \
	%D%/grade.c \
	%D%/grade.h \
	%D%/grade_book.c \
	%D%/grade_book.h \
	%D%/grade_class.c \
	%D%/grade_record.c \
	%D%/grade_run.c \
	%D%/grade_run.h \
	%D%/output.c \
	%D%/output.h \
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
	%D%/study.c \
	%D%/study.h \
	%D%/study_jobs.c \
	%D%/study_report.c \
	%D%/tool.c \
	%D%/tool.h \
	%D%/train.c \
	%D%/train.h \
	%D%/train_run.c \
	lib/base/json.c lib/base/json.h
assay_CPPFLAGS = $(AM_CPPFLAGS) -DASSAY_PKGLIBEXECDIR='"$(pkglibexecdir)"'
assay_LDADD = grade/libgrade.la lib/libassay.la $(JANSSON_LIBS) -lm

# What `assay study` becomes under mpirun.
if HAVE_MPI
pkglibexec_PROGRAMS += assay-study-mpi
endif
EXTRA_PROGRAMS += assay-study-mpi
assay_study_mpi_SOURCES = \
	%D%/output.c \
	%D%/progress.c \
	%D%/study.c \
	%D%/study_jobs.c \
	%D%/study_mpi.c \
	%D%/study_report.c \
	%D%/tool.c \
	lib/base/json.c lib/base/json.h
assay_study_mpi_CPPFLAGS = $(assay_CPPFLAGS)
assay_study_mpi_CFLAGS = $(AM_CFLAGS) $(MPI_CFLAGS)
assay_study_mpi_LDADD = lib/libassay.la $(MPI_LIBS) $(JANSSON_LIBS) -lm
