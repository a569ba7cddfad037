check_PROGRAMS += tests/test_cli
TESTS += tests/test_cli
tests_test_cli_SOURCES = tests/test_cli.c
tests_test_cli_CFLAGS = $(test_cflags)
tests_test_cli_LDADD = $(test_libs) $(ZLIB_LIBS)
