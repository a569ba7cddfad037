check_PROGRAMS += tests/test_panel
TESTS += tests/test_panel
tests_test_panel_SOURCES = tests/test_panel.c tests/test_panel_layers.c tests/test_panel.h
tests_test_panel_CFLAGS = $(test_cflags)
tests_test_panel_LDADD = $(test_libs)
