# The grader: a convenience library that the program links. It is neither installed nor part of libassay.
noinst_LTLIBRARIES += grade/libgrade.la
grade_libgrade_la_SOURCES = \
	%D%/battery.c \
	%D%/battery.h \
	%D%/case.c \
	%D%/case.h \
	%D%/catalogue.c \
	%D%/catalogue.h \
	%D%/cgroup.c \
	%D%/cgroup.h \
	%D%/child.c \
	%D%/child.h \
	%D%/child_arguments.c \
	%D%/child_arguments.h \
	%D%/compile.c \
	%D%/compile.h \
	%D%/component_activation.c \
	%D%/component_init.c \
	%D%/component_linear.c \
	%D%/component_network.c \
	%D%/component_optimizer.c \
	%D%/component_softmax.c \
	%D%/component_surface.c \
	%D%/components.c \
	%D%/components.h \
	%D%/diagnose.c \
	%D%/diagnose.h \
	%D%/distribution.c \
	%D%/distribution.h \
	%D%/evidence.c \
	%D%/evidence.h \
	%D%/explain.c \
	%D%/explain.h \
	%D%/exchange.c \
	%D%/exchange.h \
	%D%/files.c \
	%D%/folder.c \
	%D%/folder.h \
	%D%/hidden.c \
	%D%/hidden.h \
	%D%/hint.c \
	%D%/hint.h \
	%D%/judge.c \
	%D%/judge.h \
	%D%/judge_init.c \
	%D%/judge_init.h \
	%D%/npy.c \
	%D%/npy.h \
	%D%/npy_header.c \
	%D%/npy_header.h \
	%D%/optimizer.c \
	%D%/optimizer.h \
	%D%/optimizer_axes.h \
	%D%/processes.c \
	%D%/processes.h \
	%D%/report.c \
	%D%/report.h \
	%D%/report_impl.h \
	%D%/report_json.c \
	%D%/rubric.c \
	%D%/rubric.h \
	%D%/sandbox.c \
	%D%/sandbox.h \
	%D%/rounding.c \
	%D%/rounding.h \
	%D%/search.c \
	%D%/search.h \
	%D%/seccomp.c \
	%D%/seccomp.h \
	%D%/submission.c \
	%D%/submission.h \
	%D%/text.c \
	%D%/text.h \
	%D%/tree.c \
	%D%/tree.h
# What the sandbox hides, wherever configure's options put it (grade/hidden.c).
installed_files = "$(bindir)/assay","$(libdir)/libassay*","$(libdir)/pkgconfig/assay.pc","$(includedir)/assay", \
	"$(pkgdatadir)","$(pkglibexecdir)","$(man1dir)/assay.1","$(docdir)"
grade_libgrade_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBELF_CFLAGS) $(SECCOMP_CFLAGS) \
	-DASSAY_PKGLIBEXECDIR='"$(pkglibexecdir)"' -DASSAY_INSTALLED_FILES='$(installed_files)'
grade_libgrade_la_LIBADD = $(LIBELF_LIBS) $(SECCOMP_LIBS)

# The C interface for students: #include <assay/student.h>
assaystudentdir = $(includedir)/assay
assaystudent_HEADERS = %D%/include/assay/student.h

# The runner of submissions in C: it runs inside the sandbox. Not linked to libassay, so that submissions cannot call it;
# no sanitizers, which need more address space than it is given.
pkglibexec_PROGRAMS = assay-grade-runner
assay_grade_runner_SOURCES = %D%/runners/c/runner.c %D%/runners/c/runner.h %D%/runners/c/calls.c \
	%D%/runners/c/stage.c %D%/runners/c/stage.h
assay_grade_runner_CFLAGS = $(ASSAY_CFLAGS) $(ASSAY_WARNINGS) $(JANSSON_CFLAGS)
assay_grade_runner_LDFLAGS =
assay_grade_runner_LDADD = $(JANSSON_LIBS) -ldl

# golden/mistakes.json as C string literals, one a line.
BUILT_SOURCES += mistakes.inc student_header.inc
CLEANFILES += mistakes.inc student_header.inc
# For `make assay` and other goals for which make does not build BUILT_SOURCES first.
$(grade_libgrade_la_OBJECTS): mistakes.inc student_header.inc
mistakes.inc: golden/mistakes.json
	$(AM_V_GEN)$(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n",/' $(top_srcdir)/golden/mistakes.json > $@-t \
		&& mv $@-t $@
EXTRA_DIST += golden/mistakes.json

# The interface for students as C string literals: `assay grade SOURCE.c` shows it to the compiler in the sandbox.
student_header.inc: grade/include/assay/student.h
	$(AM_V_GEN)$(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n",/' \
		$(top_srcdir)/grade/include/assay/student.h > $@-t && mv $@-t $@

# Starters, installed so that a teacher can hand them out.
starters_cdir = $(pkgdatadir)/starters/c
dist_starters_c_DATA = %D%/starters/c/submission.c %D%/starters/c/Makefile
starters_pythondir = $(pkgdatadir)/starters/python
dist_starters_python_DATA = %D%/starters/python/submission.py
starters_pytorchdir = $(pkgdatadir)/starters/pytorch
dist_starters_pytorch_DATA = %D%/starters/pytorch/submission.py
