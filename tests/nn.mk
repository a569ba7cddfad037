check_PROGRAMS += tests/test_nn
TESTS += tests/test_nn
tests_test_nn_SOURCES = tests/test_nn.c
tests_test_nn_CFLAGS = $(test_cflags)
tests_test_nn_LDADD = $(test_libs)
