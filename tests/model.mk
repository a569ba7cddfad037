check_PROGRAMS += tests/test_model
TESTS += tests/test_model
tests_test_model_SOURCES = tests/test_model.c
tests_test_model_CFLAGS = $(test_cflags)
tests_test_model_LDADD = $(test_libs) $(ZLIB_LIBS)
EXTRA_DIST += tests/safetensors_reader.py

check_PROGRAMS += tests/test_model_hostile
TESTS += tests/test_model_hostile
tests_test_model_hostile_SOURCES = tests/test_model_hostile.c
tests_test_model_hostile_CFLAGS = $(test_cflags)
tests_test_model_hostile_LDADD = $(test_libs) $(LIBZIP_LIBS)

check_PROGRAMS += tests/test_evaluate
TESTS += tests/test_evaluate
tests_test_evaluate_SOURCES = tests/test_evaluate.c
tests_test_evaluate_CFLAGS = $(test_cflags)
tests_test_evaluate_LDADD = $(test_libs)
