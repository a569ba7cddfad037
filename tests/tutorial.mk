check_PROGRAMS += tests/test_tutorial
TESTS += tests/test_tutorial
tests_test_tutorial_SOURCES = tests/test_tutorial.c
tests_test_tutorial_CFLAGS = $(test_cflags)
tests_test_tutorial_LDADD = $(test_libs)
