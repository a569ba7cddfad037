check_PROGRAMS += tests/test_model
TESTS += tests/test_model
tests_test_model_SOURCES = tests/test_model.c
tests_test_model_CFLAGS = $(test_cflags)
tests_test_model_LDADD = $(test_libs) $(ZLIB_LIBS)
EXTRA_DIST += tests/safetensors_reader.py
