check_PROGRAMS += tests/test_stats
TESTS += tests/test_stats
tests_test_stats_SOURCES = tests/test_stats.c
tests_test_stats_CFLAGS = $(test_cflags)
tests_test_stats_LDADD = $(test_libs)

check_PROGRAMS += tests/test_goodness_of_fit
TESTS += tests/test_goodness_of_fit
tests_test_goodness_of_fit_SOURCES = tests/test_goodness_of_fit.c tests/statistics.c tests/statistics.h
tests_test_goodness_of_fit_CFLAGS = $(test_cflags)
tests_test_goodness_of_fit_LDADD = $(test_libs)
