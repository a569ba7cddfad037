check_PROGRAMS += tests/test_train tests/test_retrace
TESTS += tests/test_train tests/test_retrace
tests_test_train_SOURCES = %D%/test_train.c %D%/train_sample.c %D%/train_sample.h
tests_test_train_CFLAGS = $(test_cflags)
tests_test_train_LDADD = $(test_libs)
tests_test_retrace_SOURCES = %D%/test_retrace.c
tests_test_retrace_CFLAGS = $(test_cflags)
tests_test_retrace_LDADD = $(test_libs)
