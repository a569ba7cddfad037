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
	%D%/root.c \
	%D%/root.h \
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
grade_libgrade_la_CFLAGS = $(AM_CFLAGS) $(OPTIMIZE)
grade_libgrade_la_LIBADD = $(LIBELF_LIBS) $(SECCOMP_LIBS)

# The C interface for students: #include <assay/student.h>
assaystudentdir = $(includedir)/assay
assaystudent_HEADERS = %D%/include/assay/student.h

# The runner of submissions in C, which runs inside the sandbox. It is not linked to libassay, so that submissions
# cannot call the library, and has no sanitizers, because they need more address space than the sandbox allows.
pkglibexec_PROGRAMS = assay-grade-runner
assay_grade_runner_SOURCES = %D%/runners/c/runner.c %D%/runners/c/runner.h %D%/runners/c/calls.c \
	%D%/runners/c/stage.c %D%/runners/c/stage.h
assay_grade_runner_CFLAGS = $(ASSAY_CFLAGS) $(OPTIMIZE) $(ASSAY_WARNINGS) $(JANSSON_CFLAGS)
# Exports student_not_implemented to submissions.
assay_grade_runner_LDFLAGS = -export-dynamic
assay_grade_runner_LDADD = $(JANSSON_LIBS) -ldl

# Runners of submissions in other languages. The sandbox shows a submission the files of its own language alone, under
# neutral names (grade/form.c lists them). configure links runners to grade/runners, for a program that is not
# installed.
runners_pythondir = $(pkgdatadir)/runners/python
dist_runners_python_DATA = %D%/runners/python/__init__.py %D%/runners/python/__main__.py \
	%D%/runners/python/arrays.py %D%/runners/python/calls.py %D%/runners/python/cells.py \
	%D%/runners/python/constants.py %D%/runners/python/definitions.py %D%/runners/python/find.py \
	%D%/runners/python/initializers.py %D%/runners/python/later.py %D%/runners/python/layers.py \
	%D%/runners/python/names.py %D%/runners/python/networks.py %D%/runners/python/numpy_networks.py \
	%D%/runners/python/optimizers.py %D%/runners/python/returns.py %D%/runners/python/serve.py
runners_javascriptdir = $(pkgdatadir)/runners/javascript
dist_runners_javascript_DATA = %D%/runners/javascript/calls.js %D%/runners/javascript/load.js \
	%D%/runners/javascript/names.js %D%/runners/javascript/runner.js

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

# Blank starters, for students: make takes the solutions out of the complete ones (tests/starters). Those with markers
# are compiled into the program, for `assay assign`: neither the program nor what is installed has a solution.
EXTRA_DIST += tests/starters/c/submission.c tests/starters/javascript/submission.js \
	tests/starters/python/submission.py tests/starters/pytorch/submission.py %D%/starters/c/Makefile \
	%D%/starters/blank.awk %D%/gradescope/setup.sh %D%/gradescope/run_autograder
starters_cdir = $(pkgdatadir)/starters/c
nodist_starters_c_DATA = starters/c/submission.c grade/starters/c/Makefile
starters_javascriptdir = $(pkgdatadir)/starters/javascript
nodist_starters_javascript_DATA = starters/javascript/submission.js
starters_pythondir = $(pkgdatadir)/starters/python
nodist_starters_python_DATA = starters/python/submission.py grade/student/assay.py
starters_pytorchdir = $(pkgdatadir)/starters/pytorch
nodist_starters_pytorch_DATA = starters/pytorch/submission.py grade/student/assay.py
blank_starters = starters/c/submission.c starters/javascript/submission.js starters/python/submission.py \
	starters/pytorch/submission.py
marked_starters = starters/c/marked.c starters/javascript/marked.js starters/python/marked.py \
	starters/pytorch/marked.py
CLEANFILES += $(blank_starters) $(marked_starters)
$(blank_starters) $(marked_starters): grade/starters/blank.awk
c_stub = -v before='student_not_implemented("' -v after='");'
javascript_stub = -v before='throw new Error("not implemented: ' -v after='");'
python_stub = -v before='raise NotImplementedError("' -v after='")'
blank = $(AM_V_GEN)$(MKDIR_P) $(@D) && $(AWK) -f $(top_srcdir)/grade/starters/blank.awk
starters/c/submission.c: tests/starters/c/submission.c
	$(blank) $(c_stub) $(top_srcdir)/tests/starters/c/submission.c > $@-t && mv $@-t $@
starters/c/marked.c: tests/starters/c/submission.c
	$(blank) $(c_stub) -v keep=1 $(top_srcdir)/tests/starters/c/submission.c > $@-t && mv $@-t $@
starters/javascript/submission.js: tests/starters/javascript/submission.js
	$(blank) $(javascript_stub) $(top_srcdir)/tests/starters/javascript/submission.js > $@-t && mv $@-t $@
starters/javascript/marked.js: tests/starters/javascript/submission.js
	$(blank) $(javascript_stub) -v keep=1 $(top_srcdir)/tests/starters/javascript/submission.js > $@-t && mv $@-t $@
starters/python/submission.py: tests/starters/python/submission.py
	$(blank) $(python_stub) $(top_srcdir)/tests/starters/python/submission.py > $@-t && mv $@-t $@
starters/python/marked.py: tests/starters/python/submission.py
	$(blank) $(python_stub) -v keep=1 $(top_srcdir)/tests/starters/python/submission.py > $@-t && mv $@-t $@
starters/pytorch/submission.py: tests/starters/pytorch/submission.py
	$(blank) $(python_stub) $(top_srcdir)/tests/starters/pytorch/submission.py > $@-t && mv $@-t $@
starters/pytorch/marked.py: tests/starters/pytorch/submission.py
	$(blank) $(python_stub) -v keep=1 $(top_srcdir)/tests/starters/pytorch/submission.py > $@-t && mv $@-t $@
