# Fault injection (tests/faults.h) puts functions of its own before the C library's, and so do the sanitizers: one at a
# time. Without inlining: the C library's headers have bodies for some of the functions that are replaced, and a caller is
# told by its return address.
if WITH_SANITIZERS
TESTS += tests/faults_sanitized.sh
else
check_LTLIBRARIES += tests/libfaults.la
tests_libfaults_la_SOURCES = tests/faults.c tests/faults.h tests/fault_calls.c tests/fault_run.c tests/fault_run.h
tests_libfaults_la_CFLAGS = $(test_cflags) -fno-inline

fault_libs = tests/libfaults.la $(test_libs) -ldl
fault_tests = tests/test_faults_files tests/test_faults_runs tests/test_faults_report tests/test_faults_grade
check_PROGRAMS += $(fault_tests)
TESTS += $(fault_tests)
tests_test_faults_files_SOURCES = tests/test_faults_files.c
tests_test_faults_files_CFLAGS = $(test_cflags)
tests_test_faults_files_LDADD = $(fault_libs) $(ZLIB_LIBS)
tests_test_faults_runs_SOURCES = tests/test_faults_runs.c tests/train_sample.c tests/train_sample.h
tests_test_faults_runs_CFLAGS = $(test_cflags)
tests_test_faults_runs_LDADD = $(fault_libs)
tests_test_faults_report_SOURCES = tests/test_faults_report.c tests/report_sample.c tests/report_sample.h
tests_test_faults_report_CFLAGS = $(test_cflags)
tests_test_faults_report_LDADD = $(fault_libs)
tests_test_faults_grade_SOURCES = tests/test_faults_grade.c
tests_test_faults_grade_CFLAGS = $(test_cflags)
tests_test_faults_grade_LDADD = $(fault_libs)
endif
dist_check_SCRIPTS += tests/faults_sanitized.sh
