# Fuzz targets. In the test suite each runs over its corpus and a few thousand fixed mutations, under any compiler;
# `make fuzz FUZZ_SECONDS=600` runs each under clang's libFuzzer with sanitizers.
fuzz_names = idx npy torch pickle safetensors json grade model convert list
fuzz_tests = tests/fuzz/test_idx tests/fuzz/test_npy tests/fuzz/test_torch tests/fuzz/test_pickle tests/fuzz/test_safetensors \
	tests/fuzz/test_json tests/fuzz/test_grade tests/fuzz/test_model tests/fuzz/test_convert tests/fuzz/test_list
fuzz_printer = tools/evaluate_output.c tools/output.c tools/tool.c
fuzz_headers = tests/fuzz/fuzz.h tests/fuzz/use_state.h
fuzz_libs = tests/libassay_internal.la $(JANSSON_LIBS)
check_PROGRAMS += $(fuzz_tests)
TESTS += $(fuzz_tests)

tests_fuzz_test_idx_SOURCES = tests/fuzz/fuzz_idx.c tests/fuzz/driver.c $(fuzz_headers)
tests_fuzz_test_idx_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"idx"'
tests_fuzz_test_idx_LDADD = $(fuzz_libs) $(ZLIB_LIBS)
tests_fuzz_test_npy_SOURCES = tests/fuzz/fuzz_npy.c tests/fuzz/driver.c $(fuzz_headers)
tests_fuzz_test_npy_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"npy"'
tests_fuzz_test_npy_LDADD = $(fuzz_libs)
tests_fuzz_test_torch_SOURCES = tests/fuzz/fuzz_torch.c tests/fuzz/driver.c $(fuzz_headers)
tests_fuzz_test_torch_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"torch"'
tests_fuzz_test_torch_LDADD = $(fuzz_libs)
tests_fuzz_test_pickle_SOURCES = tests/fuzz/fuzz_pickle.c tests/fuzz/driver.c $(fuzz_headers)
tests_fuzz_test_pickle_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"pickle"'
tests_fuzz_test_pickle_LDADD = $(fuzz_libs)
tests_fuzz_test_safetensors_SOURCES = tests/fuzz/fuzz_safetensors.c tests/fuzz/driver.c $(fuzz_headers)
tests_fuzz_test_safetensors_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"safetensors"'
tests_fuzz_test_safetensors_LDADD = $(fuzz_libs)
tests_fuzz_test_json_SOURCES = tests/fuzz/fuzz_json.c tests/fuzz/driver.c $(fuzz_headers)
tests_fuzz_test_json_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"json"'
tests_fuzz_test_json_LDADD = $(fuzz_libs)
tests_fuzz_test_grade_SOURCES = tests/fuzz/fuzz_grade.c tests/fuzz/driver.c $(fuzz_headers)
tests_fuzz_test_grade_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"grade"'
tests_fuzz_test_grade_LDADD = $(test_libs)
tests_fuzz_test_model_SOURCES = tests/fuzz/fuzz_model.c tests/fuzz/driver.c $(fuzz_headers)
tests_fuzz_test_model_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"model"'
tests_fuzz_test_model_LDADD = $(fuzz_libs)
tests_fuzz_test_convert_SOURCES = tests/fuzz/fuzz_convert.c tests/fuzz/driver.c $(fuzz_headers)
tests_fuzz_test_convert_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"convert"'
tests_fuzz_test_convert_LDADD = $(fuzz_libs)
tests_fuzz_test_list_SOURCES = tests/fuzz/fuzz_list.c tests/fuzz/driver.c $(fuzz_printer) $(fuzz_headers)
tests_fuzz_test_list_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_NAME='"list"'
tests_fuzz_test_list_LDADD = $(fuzz_libs)

# libFuzzer's programs link what the targets call, compiled with its instrumentation.
FUZZ_CC = clang
FUZZ_SECONDS = 60
fuzz_cflags = $(AM_CFLAGS) -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
fuzz_libraries = $(LIBZIP_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS)
fuzz_library = lib/base/alloc.c lib/base/error.c lib/base/file.c lib/base/json.c lib/base/names.c lib/base/text.c \
	lib/backend/activation.c lib/model/config.c \
	lib/model/foreign.c lib/model/layers.c lib/model/model.c lib/model/pickle.c lib/model/pickle_globals.c \
	lib/model/pickle_tree.c lib/tutorial/record.c lib/model/safetensors.c lib/model/source.c lib/model/state.c \
	lib/model/torch_legacy.c lib/model/torch_state.c lib/model/torch_write.c lib/model/torch_zip.c
fuzz_programs = tests/fuzz/fuzz_idx tests/fuzz/fuzz_npy tests/fuzz/fuzz_torch tests/fuzz/fuzz_pickle \
	tests/fuzz/fuzz_safetensors tests/fuzz/fuzz_json tests/fuzz/fuzz_grade tests/fuzz/fuzz_model tests/fuzz/fuzz_convert \
	tests/fuzz/fuzz_list
EXTRA_PROGRAMS += $(fuzz_programs)
CLEANFILES += $(fuzz_programs)

tests_fuzz_fuzz_idx_SOURCES = tests/fuzz/fuzz_idx.c lib/base/alloc.c lib/base/error.c lib/base/file.c lib/base/text.c lib/data/byte_stream.c \
	lib/data/foreign.c lib/data/idx.c $(fuzz_headers)
tests_fuzz_fuzz_idx_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_idx_LDADD = $(fuzz_libraries)
tests_fuzz_fuzz_npy_SOURCES = tests/fuzz/fuzz_npy.c grade/npy_header.c lib/base/error.c lib/base/text.c $(fuzz_headers)
tests_fuzz_fuzz_npy_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_npy_LDADD = $(fuzz_libraries)
tests_fuzz_fuzz_torch_SOURCES = tests/fuzz/fuzz_torch.c $(fuzz_library) $(fuzz_headers)
tests_fuzz_fuzz_torch_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_torch_LDADD = $(fuzz_libraries)
tests_fuzz_fuzz_pickle_SOURCES = tests/fuzz/fuzz_pickle.c $(fuzz_library) $(fuzz_headers)
tests_fuzz_fuzz_pickle_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_pickle_LDADD = $(fuzz_libraries)
tests_fuzz_fuzz_safetensors_SOURCES = tests/fuzz/fuzz_safetensors.c $(fuzz_library) $(fuzz_headers)
tests_fuzz_fuzz_safetensors_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_safetensors_LDADD = $(fuzz_libraries)
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(fuzz_library) $(fuzz_headers)
tests_fuzz_fuzz_json_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_json_LDADD = $(fuzz_libraries)
# The grader's reader of lines and files, from the submission's side.
tests_fuzz_fuzz_grade_SOURCES = tests/fuzz/fuzz_grade.c $(fuzz_headers) grade/case.c grade/component_activation.c \
	grade/component_init.c grade/component_linear.c grade/component_network.c grade/component_optimizer.c \
	grade/component_softmax.c grade/component_surface.c grade/components.c grade/exchange.c grade/folder.c grade/npy.c \
	grade/npy_header.c \
	grade/text.c lib/base/alloc.c lib/base/error.c lib/base/json.c lib/base/text.c lib/random/mt19937.c \
	lib/random/mt19937_fill.c
tests_fuzz_fuzz_grade_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_grade_LDADD = $(fuzz_libraries)
tests_fuzz_fuzz_model_SOURCES = tests/fuzz/fuzz_model.c $(fuzz_library) $(fuzz_headers)
tests_fuzz_fuzz_model_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_model_LDADD = $(fuzz_libraries)
tests_fuzz_fuzz_convert_SOURCES = tests/fuzz/fuzz_convert.c $(fuzz_library) $(fuzz_headers)
tests_fuzz_fuzz_convert_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_convert_LDADD = $(fuzz_libraries)
# tools/tool.c also opens backends and data sets: what it needs for that is not instrumented.
tests_fuzz_fuzz_list_SOURCES = tests/fuzz/fuzz_list.c $(fuzz_printer) $(fuzz_library) $(fuzz_headers)
tests_fuzz_fuzz_list_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_list_LDADD = tests/libassay_internal.la $(fuzz_libraries)

# What libFuzzer finds worth keeping goes to fuzz-corpus/ in the build folder; crashes are written to fuzz-NAME-*.
.PHONY: fuzz fuzz-programs
fuzz-programs:
	$(MAKE) $(AM_MAKEFLAGS) CC='$(FUZZ_CC)' tests/fuzz/libinstrumented.la
	for name in $(fuzz_names); do \
	  $(FUZZ_CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(fuzz_cflags) -fsanitize=fuzzer \
	    $(srcdir)/tests/fuzz/fuzz_$$name.c tests/fuzz/.libs/libinstrumented.a \
	    $(LIBZIP_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) -lm -o tests/fuzz/fuzz_$$name || exit 1; \
	done
fuzz: fuzz-programs
	for name in $(fuzz_names); do \
	  $(MKDIR_P) fuzz-corpus/$$name && \
	  tests/fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=fuzz-$$name- fuzz-corpus/$$name $(srcdir)/tests/fuzz/corpus/$$name || exit 1; \
	done

EXTRA_DIST += tests/fuzz/corpus.py tests/fuzz/corpus
