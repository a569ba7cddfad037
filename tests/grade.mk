check_PROGRAMS += tests/test_grade tests/test_grade_child
TESTS += tests/test_grade tests/test_grade_child
tests_test_grade_SOURCES = tests/test_grade.c
tests_test_grade_CFLAGS = $(test_cflags)
tests_test_grade_LDADD = $(test_libs) -lm
tests_test_grade_child_SOURCES = tests/test_grade_child.c
tests_test_grade_child_CFLAGS = $(test_cflags)
tests_test_grade_child_LDADD = $(test_libs) -ldl

# Submissions. No sanitizers: they run under limits on memory, in a program of their own.
grade_module_cppflags = -I$(top_srcdir)/lib/grade -I$(top_srcdir)/grade/starters/c
grade_module_cflags = $(ASSAY_CFLAGS) $(ASSAY_WARNINGS)
grade_module_ldflags = -module -avoid-version -shared -rpath /nonexistent
check_LTLIBRARIES += tests/grade/planted.la tests/grade/starter.la tests/grade/starter_f32.la \
	tests/grade/starter_undeclared.la tests/grade/style_columns.la tests/grade/style_fused.la tests/grade/cheat.la
tests_grade_planted_la_SOURCES = tests/grade/planted.c tests/grade/planted_correct.h tests/grade/planted_hostile.h
tests_grade_planted_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_planted_la_CFLAGS = $(grade_module_cflags)
tests_grade_planted_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_planted_la_LIBADD = -lm
tests_grade_starter_la_SOURCES = grade/starters/c/submission.c
tests_grade_starter_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_starter_la_CFLAGS = $(grade_module_cflags)
tests_grade_starter_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_starter_la_LIBADD = -lm
tests_grade_starter_f32_la_SOURCES = grade/starters/c/submission.c
tests_grade_starter_f32_la_CPPFLAGS = $(grade_module_cppflags) -DREAL=float
tests_grade_starter_f32_la_CFLAGS = $(ASSAY_CFLAGS)
tests_grade_starter_f32_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_starter_f32_la_LIBADD = -lm
tests_grade_starter_undeclared_la_SOURCES = tests/grade/starter_undeclared.c
tests_grade_starter_undeclared_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_starter_undeclared_la_CFLAGS = $(ASSAY_CFLAGS)
tests_grade_starter_undeclared_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_starter_undeclared_la_LIBADD = -lm
tests_grade_style_columns_la_SOURCES = tests/grade/style_columns.c
tests_grade_style_columns_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_style_columns_la_CFLAGS = $(ASSAY_CFLAGS)
tests_grade_style_columns_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_style_columns_la_LIBADD = -lm
tests_grade_style_fused_la_SOURCES = tests/grade/style_fused.c
tests_grade_style_fused_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_style_fused_la_CFLAGS = $(ASSAY_CFLAGS)
tests_grade_style_fused_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_style_fused_la_LIBADD = -lm
tests_grade_cheat_la_SOURCES = tests/grade/cheat.c
tests_grade_cheat_la_CPPFLAGS = $(AM_CPPFLAGS) $(grade_module_cppflags)
tests_grade_cheat_la_LDFLAGS = $(AM_LDFLAGS) $(grade_module_ldflags)
tests_grade_cheat_la_LIBADD = lib/libassay.la

grade_scripts = tests/grade/mistakes.sh tests/grade/styles.sh tests/grade/hostile.sh tests/grade/ways.sh \
	tests/grade/pytorch.sh tests/grade/class.sh tests/grade/record.sh
TESTS += $(grade_scripts)
dist_check_SCRIPTS += $(grade_scripts)
EXTRA_DIST += tests/grade/common.sh
