check_PROGRAMS += tests/test_report tests/report_page
TESTS += tests/test_report
tests_test_report_SOURCES = tests/test_report.c tests/report_sample.c tests/report_sample.h
tests_test_report_CFLAGS = $(test_cflags)
tests_test_report_LDADD = $(test_libs)
tests_report_page_SOURCES = tests/report_page.c tests/report_sample.c tests/report_sample.h
tests_report_page_CFLAGS = $(test_cflags)
tests_report_page_LDADD = $(test_libs)
