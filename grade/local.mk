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
	%D%/component_training.c \
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
	%D%/findings.c \
	%D%/findings.h \
	%D%/folder.c \
	%D%/folder.h \
	%D%/form.c \
	%D%/form.h \
	%D%/hidden.c \
	%D%/hidden.h \
	%D%/hint.c \
	%D%/hint.h \
	%D%/judge.c \
	%D%/judge.h \
	%D%/judge_init.c \
	%D%/judge_init.h \
	%D%/network.h \
	%D%/npy.c \
	%D%/npy.h \
	%D%/npy_header.c \
	%D%/npy_header.h \
	%D%/optimizer.c \
	%D%/optimizer.h \
	%D%/optimizer_axes.h \
	%D%/processes.c \
	%D%/portable.h \
	%D%/processes.h \
	%D%/quotient.c \
	%D%/quotient.h \
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
	%D%/shape.c \
	%D%/shape.h \
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
	-DASSAY_PKGLIBEXECDIR='"$(pkglibexecdir)"' -DASSAY_PKGDATADIR='"$(pkgdatadir)"' \
	-DASSAY_INSTALLED_FILES='$(installed_files)'
grade_libgrade_la_LIBADD = $(LIBELF_LIBS) $(SECCOMP_LIBS)

# The C interface for students: #include <assay/student.h>
assaystudentdir = $(includedir)/assay
assaystudent_HEADERS = %D%/include/assay/student.h

# The runner of submissions in C, which runs inside the sandbox. It is not linked to libassay, so that submissions
# cannot call the library, and has no sanitizers, because they need more address space than the sandbox allows.
pkglibexec_PROGRAMS = assay-grade-runner
assay_grade_runner_SOURCES = %D%/runners/c/runner.c %D%/runners/c/runner.h %D%/runners/c/calls.c \
	%D%/runners/c/stage.c %D%/runners/c/stage.h
assay_grade_runner_CFLAGS = $(ASSAY_CFLAGS) $(ASSAY_WARNINGS) $(JANSSON_CFLAGS)
# Exports student_not_implemented to submissions.
assay_grade_runner_LDFLAGS = -export-dynamic
assay_grade_runner_LDADD = $(JANSSON_LIBS) -ldl

# Runners of submissions in other languages. The sandbox shows a submission the files of its own language alone, under
# neutral names (grade/form.c lists them). configure links runners to grade/runners, for a program that is not
# installed.
runners_pythondir = $(pkgdatadir)/runners/python
dist_runners_python_DATA = %D%/runners/python/__init__.py %D%/runners/python/__main__.py %D%/runners/python/arrays.py \
	%D%/runners/python/calls.py %D%/runners/python/cells.py %D%/runners/python/definitions.py \
	%D%/runners/python/find.py %D%/runners/python/initializers.py %D%/runners/python/layers.py \
	%D%/runners/python/names.py %D%/runners/python/networks.py %D%/runners/python/optimizers.py \
	%D%/runners/python/serve.py
runners_javascriptdir = $(pkgdatadir)/runners/javascript
dist_runners_javascript_DATA = %D%/runners/javascript/runner.js

# golden/mistakes.json and golden/named.json as C string literals, one a line.
BUILT_SOURCES += mistakes.inc named.inc student_header.inc
CLEANFILES += mistakes.inc named.inc student_header.inc
# For `make assay` and other goals for which make does not build BUILT_SOURCES first.
$(grade_libgrade_la_OBJECTS): mistakes.inc named.inc student_header.inc
as_strings = $(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n",/'
mistakes.inc: golden/mistakes.json
	$(AM_V_GEN)$(as_strings) $(top_srcdir)/golden/mistakes.json > $@-t && mv $@-t $@
named.inc: golden/named.json
	$(AM_V_GEN)$(as_strings) $(top_srcdir)/golden/named.json > $@-t && mv $@-t $@
EXTRA_DIST += golden/mistakes.json golden/named.json

# The interface for students as C string literals: `assay grade SOURCE.c` shows it to the compiler in the sandbox.
student_header.inc: grade/include/assay/student.h
	$(AM_V_GEN)$(as_strings) $(top_srcdir)/grade/include/assay/student.h > $@-t && mv $@-t $@

# The student's side: a teacher copies it, and `assay assign` writes it beside a starter.
studentdir = $(pkgdatadir)/python
dist_student_DATA = %D%/student/assay.py

# Complete starters with markers: not installed. `assay assign` makes blank ones of them; so does make, for the folder
# of starters that is installed.
EXTRA_DIST += %D%/starters/c/submission.c %D%/starters/c/Makefile %D%/starters/python/submission.py \
	%D%/starters/pytorch/submission.py %D%/starters/blank.awk %D%/gradescope/setup.sh %D%/gradescope/run_autograder
starters_cdir = $(pkgdatadir)/starters/c
nodist_starters_c_DATA = starters/c/submission.c grade/starters/c/Makefile
starters_pythondir = $(pkgdatadir)/starters/python
nodist_starters_python_DATA = starters/python/submission.py grade/student/assay.py
starters_pytorchdir = $(pkgdatadir)/starters/pytorch
nodist_starters_pytorch_DATA = starters/pytorch/submission.py grade/student/assay.py
CLEANFILES += starters/c/submission.c starters/python/submission.py starters/pytorch/submission.py
blank = $(AM_V_GEN)$(MKDIR_P) $(@D) && $(AWK) -f $(top_srcdir)/grade/starters/blank.awk -v stub_end=
starters/c/submission.c: grade/starters/c/submission.c grade/starters/blank.awk
	$(blank)';' -v stub=student_not_implemented $(top_srcdir)/grade/starters/c/submission.c > $@-t && mv $@-t $@
starters/python/submission.py: grade/starters/python/submission.py grade/starters/blank.awk
	$(blank) -v stub='raise NotImplementedError' $(top_srcdir)/grade/starters/python/submission.py > $@-t && mv $@-t $@
starters/pytorch/submission.py: grade/starters/pytorch/submission.py grade/starters/blank.awk
	$(blank) -v stub='raise NotImplementedError' $(top_srcdir)/grade/starters/pytorch/submission.py > $@-t && mv $@-t $@
