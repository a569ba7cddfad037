check_PROGRAMS += tests/test_train_memory tests/test_train_cli
TESTS += tests/test_train_memory tests/test_train_cli
tests_test_train_memory_SOURCES = %D%/test_train_memory.c %D%/train_sample.c %D%/train_sample.h
tests_test_train_memory_CFLAGS = $(test_cflags)
tests_test_train_memory_LDADD = $(test_libs)
tests_test_train_cli_SOURCES = %D%/test_train_cli.c
tests_test_train_cli_CFLAGS = $(test_cflags)
tests_test_train_cli_LDADD = $(test_libs)

# Not part of make check: the tutorial's full runs, 40 epochs each, within 0.6 points of its accuracies, and the
# retracing of the author's saved runs, for which ASSAY_PRETRAINED names the folder of their files. Some minutes.
check-full: assay
	./assay reproduce --section optimizers
	@if test -n "$$ASSAY_PRETRAINED"; then \
	    for run in sgd momentum adam; do \
	        echo "assay train --retrace $$run"; ./assay train --retrace $$run || exit 1; \
	    done; \
	else \
	    echo "SKIP: the author's runs are not retraced: set ASSAY_PRETRAINED to the folder of their *_results.json" >&2; \
	fi
.PHONY: check-full
