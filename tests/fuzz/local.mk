# Fuzz targets. In the test suite each runs over its corpus and a few thousand fixed mutations, under any compiler;
# `make fuzz FUZZ_SECONDS=600` runs each under clang's libFuzzer with sanitizers. A new target needs its name in the two
# lists, its line of sources, and a folder of tests/fuzz/corpus.
fuzz_names = idx npy torch pickle safetensors json grade model convert list
fuzz_tests = tests/fuzz/test_idx tests/fuzz/test_npy tests/fuzz/test_torch tests/fuzz/test_pickle \
	tests/fuzz/test_safetensors tests/fuzz/test_json tests/fuzz/test_grade tests/fuzz/test_model tests/fuzz/test_convert \
	tests/fuzz/test_list
check_PROGRAMS += $(fuzz_tests)
TESTS += $(fuzz_tests)

fuzz_driver = tests/fuzz/driver.c tests/fuzz/fuzz.h tests/fuzz/use_state.h
tests_fuzz_test_idx_SOURCES = tests/fuzz/fuzz_idx.c $(fuzz_driver)
tests_fuzz_test_npy_SOURCES = tests/fuzz/fuzz_npy.c $(fuzz_driver)
tests_fuzz_test_torch_SOURCES = tests/fuzz/fuzz_torch.c $(fuzz_driver)
tests_fuzz_test_pickle_SOURCES = tests/fuzz/fuzz_pickle.c $(fuzz_driver)
tests_fuzz_test_safetensors_SOURCES = tests/fuzz/fuzz_safetensors.c $(fuzz_driver)
tests_fuzz_test_json_SOURCES = tests/fuzz/fuzz_json.c $(fuzz_driver)
tests_fuzz_test_grade_SOURCES = tests/fuzz/fuzz_grade.c $(fuzz_driver)
tests_fuzz_test_model_SOURCES = tests/fuzz/fuzz_model.c $(fuzz_driver)
tests_fuzz_test_convert_SOURCES = tests/fuzz/fuzz_convert.c $(fuzz_driver)
fuzz_printer = tools/evaluate_output.c tools/output.c tools/tool.c
tests_fuzz_test_list_CPPFLAGS = $(assay_CPPFLAGS)
tests_fuzz_test_list_SOURCES = tests/fuzz/fuzz_list.c $(fuzz_printer) $(fuzz_driver)

# libFuzzer's programs link what the targets call, compiled with its instrumentation.
FUZZ_CC = clang
FUZZ_SECONDS = 60
fuzz_cflags = $(AM_CFLAGS) -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
EXTRA_LTLIBRARIES = tests/fuzz/libinstrumented.la
tests_fuzz_libinstrumented_la_CFLAGS = $(fuzz_cflags)
tests_fuzz_libinstrumented_la_SOURCES = \
	lib/backend/activation.c lib/base/alloc.c lib/base/byte_order.c lib/base/error.c lib/base/file.c lib/base/json.c \
	lib/base/names.c lib/base/text.c lib/data/byte_stream.c lib/data/foreign.c lib/data/idx.c \
	lib/model/config.c lib/model/foreign.c lib/model/layers.c lib/model/model.c lib/model/pickle.c \
	lib/model/pickle_globals.c lib/model/pickle_tree.c lib/model/safetensors.c lib/model/source.c lib/model/state.c \
	lib/model/torch_legacy.c lib/model/torch_state.c lib/model/torch_write.c lib/model/torch_zip.c \
	lib/random/mt19937.c lib/random/mt19937_fill.c lib/tutorial/record.c \
	grade/case.c grade/component_activation.c grade/component_init.c grade/component_linear.c \
	grade/component_network.c grade/component_optimizer.c grade/component_softmax.c grade/component_surface.c \
	grade/component_training.c \
	grade/components.c grade/exchange.c grade/folder.c grade/npy.c grade/npy_header.c grade/shape.c grade/text.c
CLEANFILES += $(fuzz_names:%=tests/fuzz/fuzz_%)

# What the list above leaves out is not instrumented: backends and data sets, which tools/tool.c opens.
fuzz_rest = tests/.libs/libassay_internal.so -Wl,-rpath,$(abs_builddir)/tests/.libs

# What libFuzzer finds worth keeping goes to fuzz-corpus/ in the build folder; crashes are written to fuzz-NAME-*.
.PHONY: fuzz fuzz-programs
fuzz-programs:
	$(MAKE) $(AM_MAKEFLAGS) CC='$(FUZZ_CC)' tests/fuzz/libinstrumented.la
	$(MAKE) $(AM_MAKEFLAGS) tests/libassay_internal.la
	for name in $(fuzz_names); do \
	  more=; test $$name != list || more='$(fuzz_printer:%=$(srcdir)/%)'; \
	  $(FUZZ_CC) $(DEFS) $(DEFAULT_INCLUDES) $(assay_CPPFLAGS) $(fuzz_cflags) -fsanitize=fuzzer \
	    $(srcdir)/tests/fuzz/fuzz_$$name.c tests/fuzz/.libs/libinstrumented.a $$more \
	    $(fuzz_rest) $(LIBZIP_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) -lm -o tests/fuzz/fuzz_$$name || exit 1; \
	done
fuzz: fuzz-programs
	for name in $(fuzz_names); do \
	  $(MKDIR_P) fuzz-corpus/$$name && \
	  tests/fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=fuzz-$$name- fuzz-corpus/$$name $(srcdir)/tests/fuzz/corpus/$$name || exit 1; \
	done

EXTRA_DIST += tests/fuzz/corpus.py tests/fuzz/corpus
