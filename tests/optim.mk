check_PROGRAMS += tests/test_surface
TESTS += tests/test_surface

tests_test_surface_SOURCES = tests/test_surface.c
tests_test_surface_CFLAGS = $(test_cflags)
tests_test_surface_LDADD = $(test_libs)
