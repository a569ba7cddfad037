check_PROGRAMS += tests/test_backend
TESTS += tests/test_backend
tests_test_backend_SOURCES = \
	tests/machines.c \
	tests/machines.h \
	tests/test_backend.c \
	tests/test_backend.h \
	tests/test_backend_cases.c \
	tests/test_backend_errors.c \
	tests/test_backend_extremes.c \
	tests/test_backend_golden.c \
	tests/test_backend_gradients.c \
	tests/test_backend_operations.c
tests_test_backend_CFLAGS = $(test_cflags)
tests_test_backend_LDADD = $(test_libs)
