check_PROGRAMS += tests/test_tolerance tests/test_gradient
TESTS += tests/test_tolerance tests/test_gradient
tests_test_tolerance_SOURCES = tests/test_tolerance.c
tests_test_tolerance_CFLAGS = $(test_cflags)
tests_test_tolerance_LDADD = $(test_libs)
tests_test_gradient_SOURCES = tests/test_gradient.c
tests_test_gradient_CFLAGS = $(test_cflags)
tests_test_gradient_LDADD = $(test_libs)
