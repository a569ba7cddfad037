lib_libassay_la_SOURCES += \
	%D%/case.c \
	%D%/case.h \
	%D%/component_activation.c \
	%D%/component_init.c \
	%D%/component_linear.c \
	%D%/component_network.c \
	%D%/component_optimizer.c \
	%D%/component_softmax.c \
	%D%/component_surface.c \
	%D%/components.h \
	%D%/distribution.c \
	%D%/distribution.h
lib_libassay_la_SOURCES += \
	%D%/battery.c \
	%D%/battery.h \
	%D%/catalogue.c \
	%D%/catalogue.h \
	%D%/child.c \
	%D%/child.h \
	%D%/child_arguments.c \
	%D%/child_arguments.h \
	%D%/exchange.c \
	%D%/exchange.h \
	%D%/files.c \
	%D%/judge.c \
	%D%/judge.h \
	%D%/judge_init.c \
	%D%/judge_init.h \
	%D%/npy.c \
	%D%/npy.h \
	%D%/processes.c \
	%D%/processes.h \
	%D%/report.c \
	%D%/report.h \
	%D%/report_impl.h \
	%D%/report_json.c \
	%D%/rubric.c \
	%D%/rubric.h

# The C interface for students: #include <assay/student.h>
assaystudentdir = $(includedir)/assay
assaystudent_HEADERS = %D%/assay/student.h

AM_CPPFLAGS += -DASSAY_PKGLIBEXECDIR='"$(pkglibexecdir)"'

# golden/mistakes.json as C string literals, one a line.
BUILT_SOURCES += mistakes.inc
CLEANFILES += mistakes.inc
mistakes.inc: golden/mistakes.json
	$(AM_V_GEN)$(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n",/' $(top_srcdir)/golden/mistakes.json > $@-t \
		&& mv $@-t $@
EXTRA_DIST += golden/mistakes.json

# Starters, installed so that a teacher can hand them out.
starters_cdir = $(pkgdatadir)/starters/c
dist_starters_c_DATA = grade/starters/c/submission.c grade/starters/c/Makefile
starters_pythondir = $(pkgdatadir)/starters/python
dist_starters_python_DATA = grade/starters/python/submission.py
starters_pytorchdir = $(pkgdatadir)/starters/pytorch
dist_starters_pytorch_DATA = grade/starters/pytorch/submission.py
lib/grade/catalogue.lo: mistakes.inc
