assay_SOURCES += \
	%D%/grade.c \
	%D%/grade.h \
	%D%/grade_class.c \
	%D%/grade_record.c

# What runs inside the sandbox. Not linked to libassay, so that submissions cannot call it; no sanitizers, which need more
# address space than it is given.
pkglibexec_PROGRAMS = assay-grade-runner
assay_grade_runner_SOURCES = \
	%D%/grade_runner.c \
	%D%/grade_runner.h \
	%D%/grade_runner_calls.c
assay_grade_runner_CFLAGS = $(ASSAY_CFLAGS) $(ASSAY_WARNINGS) $(JANSSON_CFLAGS)
assay_grade_runner_LDFLAGS =
assay_grade_runner_LDADD = $(JANSSON_LIBS) -ldl
