check_PROGRAMS += tests/test_init
TESTS += tests/test_init
tests_test_init_SOURCES = tests/test_init.c tests/test_init.h tests/test_init_depth.c tests/statistics.c \
	tests/statistics.h
tests_test_init_CFLAGS = $(test_cflags)
tests_test_init_LDADD = $(test_libs)
