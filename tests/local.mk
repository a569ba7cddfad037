# What every test finds in its environment; descriptor 9 is the terminal, where skips are announced.
AM_TESTS_ENVIRONMENT = \
	LC_ALL=C.UTF-8; export LC_ALL; \
	GOLDEN_DIR='$(top_srcdir)/golden'; export GOLDEN_DIR; \
	ASSAY_SOURCE='$(abs_top_srcdir)'; export ASSAY_SOURCE; \
	ASSAY_BUILD='$(abs_top_builddir)'; export ASSAY_BUILD;
AM_TESTS_FD_REDIRECT = 9>&2

test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(GSL_CFLAGS)
test_libs = tests/libsupport.la lib/libassay.la $(CHECK_LIBS) $(GSL_LIBS) $(JANSSON_LIBS) -lpthread

check_LTLIBRARIES += tests/libsupport.la
tests_libsupport_la_SOURCES = tests/support.c tests/support.h tests/evidence.c tests/evidence.h
tests_libsupport_la_CFLAGS = $(test_cflags)

include %D%/variants.mk
include %D%/audit.mk
include %D%/base.mk
include %D%/faults.mk
include %D%/random.mk
include %D%/data.mk
include %D%/model.mk
include %D%/optim.mk
include %D%/report.mk
include %D%/stats.mk
include %D%/check.mk
include %D%/fuzz.mk
include %D%/nn.mk
include %D%/init.mk
include %D%/backend.mk
include %D%/panel.mk
include %D%/cuda.mk
include %D%/train.mk
include %D%/cli.mk
include %D%/tutorial.mk
include %D%/grade.mk
include %D%/train_program.mk
include %D%/mutation.mk
