check_PROGRAMS += tests/test_optim tests/test_surface tests/test_descend
TESTS += tests/test_optim tests/test_surface tests/test_descend

tests_test_optim_SOURCES = tests/test_optim.c tests/machines.c tests/machines.h
tests_test_optim_CFLAGS = $(test_cflags)
tests_test_optim_LDADD = $(test_libs)

tests_test_surface_SOURCES = tests/test_surface.c tests/machines.c tests/machines.h
tests_test_surface_CFLAGS = $(test_cflags)
tests_test_surface_LDADD = $(test_libs)

tests_test_descend_SOURCES = tests/test_descend.c
tests_test_descend_CFLAGS = $(test_cflags)
tests_test_descend_LDADD = $(test_libs)
