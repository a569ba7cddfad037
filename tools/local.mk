# The program `assay`: one file for each subcommand.
bin_PROGRAMS = assay
assay_SOURCES = \
	%D%/assay.c \
	%D%/assign.c \
	%D%/claims.c \
	%D%/claims.h \
	%D%/claims_output.c \
	%D%/claims_page.c \
	%D%/class_page.c \
	%D%/class_page.h \
	%D%/class_report.c \
	%D%/class_report.h \
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
	%D%/gradescope.c \
	%D%/new_folder.c \
	%D%/new_folder.h \
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
	%D%/starter.c \
	%D%/starter.h \
	%D%/study.c \
	%D%/study.h \
	%D%/study_jobs.c \
	%D%/study_report.c \
	%D%/tool.c \
	%D%/tool.h \
	%D%/train.c \
	%D%/train.h \
	%D%/train_run.c \
	lib/base/json.c lib/base/json.h lib/report/html.c lib/report/html.h
assay_CPPFLAGS = $(AM_CPPFLAGS) -DASSAY_PKGLIBEXECDIR='"$(pkglibexecdir)"' -DASSAY_PKGDATADIR='"$(pkgdatadir)"'
assay_CFLAGS = $(AM_CFLAGS) $(OPTIMIZE)
assay_LDFLAGS = $(installed_ldflags)
assay_LDADD = grade/libgrade.la lib/libassay.la $(JANSSON_LIBS) $(LIBZIP_LIBS) -lm

# Texts that the program writes, as C string literals, one a line.
text_incs = starter_c.inc starter_c_makefile.inc starter_javascript.inc starter_python.inc starter_pytorch.inc \
	student_assay.inc gradescope_setup.inc gradescope_run.inc
BUILT_SOURCES += $(text_incs)
CLEANFILES += $(text_incs)
$(assay_OBJECTS): $(text_incs)
c_strings = $(AM_V_GEN)$(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n",/'
starter_c.inc: starters/c/marked.c
	$(c_strings) starters/c/marked.c > $@-t && mv $@-t $@
starter_c_makefile.inc: grade/starters/c/Makefile
	$(c_strings) $(top_srcdir)/grade/starters/c/Makefile > $@-t && mv $@-t $@
starter_javascript.inc: starters/javascript/marked.js
	$(c_strings) starters/javascript/marked.js > $@-t && mv $@-t $@
starter_python.inc: starters/python/marked.py
	$(c_strings) starters/python/marked.py > $@-t && mv $@-t $@
starter_pytorch.inc: starters/pytorch/marked.py
	$(c_strings) starters/pytorch/marked.py > $@-t && mv $@-t $@
student_assay.inc: grade/student/assay.py
	$(c_strings) $(top_srcdir)/grade/student/assay.py > $@-t && mv $@-t $@
gradescope_setup.inc: grade/gradescope/setup.sh
	$(c_strings) $(top_srcdir)/grade/gradescope/setup.sh > $@-t && mv $@-t $@
gradescope_run.inc: grade/gradescope/run_autograder
	$(c_strings) $(top_srcdir)/grade/gradescope/run_autograder > $@-t && mv $@-t $@

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
assay_study_mpi_CFLAGS = $(AM_CFLAGS) $(OPTIMIZE) $(MPI_CFLAGS)
assay_study_mpi_LDFLAGS = $(installed_ldflags)
assay_study_mpi_LDADD = lib/libassay.la $(MPI_LIBS) $(JANSSON_LIBS) -lm
