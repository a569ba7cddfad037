# The test suite: `make check`. A new test of one file is one word in `suites` below.

# What every test finds in its environment; descriptor 9 is the terminal, where skips are announced.
AM_TESTS_ENVIRONMENT = \
	LC_ALL=C.UTF-8; export LC_ALL; \
	GOLDEN_DIR='$(top_srcdir)/golden'; export GOLDEN_DIR; \
	ASSAY_SOURCE='$(abs_top_srcdir)'; export ASSAY_SOURCE; \
	ASSAY_CLAIMS='$(abs_top_srcdir)/golden/claims'; export ASSAY_CLAIMS; \
	ASSAY_BUILD='$(abs_top_builddir)'; export ASSAY_BUILD;
AM_TESTS_FD_REDIRECT = 9>&2
LOG_DRIVER = $(SHELL) $(top_srcdir)/tests/driver.sh $(SHELL) $(top_srcdir)/build-aux/test-driver
SH_LOG_DRIVER = $(LOG_DRIVER)
EXTRA_DIST += tests/driver.sh

# The program as tests run it. libtool's script would do, but starts ten processes each time.
noinst_SCRIPTS += tests/assay
tests/assay: assay
	$(AM_V_GEN)$(MKDIR_P) tests && program='$(abs_top_builddir)/assay' && \
	{ ! head -c 2 assay | grep -q '#!' || program='$(abs_top_builddir)/.libs/assay'; } && \
	{ echo '#!/bin/sh' && \
	  echo 'export LD_LIBRARY_PATH="$(abs_top_builddir)/lib/.libs$${LD_LIBRARY_PATH:+:$$LD_LIBRARY_PATH}"' && \
	  echo "exec '$$program' \"\$$@\""; } >$@.new && chmod +x $@.new && mv $@.new $@
CLEANFILES += tests/assay

# libassay's objects once more, with its internals exported and the grader in it: tests call both.
check_LTLIBRARIES += tests/libassay_internal.la
tests_libassay_internal_la_SOURCES =
tests_libassay_internal_la_LIBADD = lib/libassay_all.la grade/libgrade.la $(assay_objects) $(assay_libs)
tests_libassay_internal_la_LDFLAGS = $(AM_LDFLAGS) -avoid-version -shared -rpath /nonexistent -no-undefined \
	-export-symbols-regex '^assay_'

check_LTLIBRARIES += tests/libsupport.la
tests_libsupport_la_SOURCES = tests/checks.h tests/support.c tests/support.h tests/evidence.c tests/evidence.h

AM_CFLAGS += $(CHECK_CFLAGS) $(GSL_CFLAGS)
test_libs = tests/libsupport.la tests/libassay_internal.la $(CHECK_LIBS) $(GSL_LIBS) $(JANSSON_LIBS) $(LIBZIP_LIBS) \
	$(ZLIB_LIBS) -lpthread -ldl -lm
# What programs are linked to that do not say it themselves.
LDADD = $(test_libs)

# Programs of one file tests/NAME.c.
suites = \
	tests/test_base \
	tests/test_claims_record \
	tests/test_cli \
	tests/test_curvature \
	tests/test_data \
	tests/test_data_fashion \
	tests/test_data_files \
	tests/test_descend \
	tests/test_evaluate \
	tests/test_figures \
	tests/test_file_memory \
	tests/test_grade \
	tests/test_grade_marks \
	tests/test_grade_reports \
	tests/test_grade_system \
	tests/test_grade_legitimate \
	tests/test_grade_child \
	tests/test_gradient \
	tests/test_inference \
	tests/test_model \
	tests/test_model_files \
	tests/test_model_hostile \
	tests/test_model_parts \
	tests/test_nn \
	tests/test_openblas \
	tests/test_pickle \
	tests/test_pool \
	tests/test_random \
	tests/test_random_philox \
	tests/test_random_statistics \
	tests/test_retrace \
	tests/test_stats \
	tests/test_tolerance \
	tests/test_train_cli \
	tests/test_tutorial_file

# Programs of several files.
suites += tests/test_backend tests/test_claims tests/test_claims_descent tests/test_claims_layers \
	tests/test_claims_study \
	tests/test_goodness_of_fit tests/test_grade_components tests/test_grade_formulas \
	tests/test_grade_formulas_init tests/test_grade_formulas_optim tests/test_grade_formulas_softmax \
	tests/test_grade_formulas_surface tests/test_grade_levels \
	tests/test_grade_planted \
	tests/test_init tests/test_likeness tests/test_optim tests/test_panel tests/test_products tests/test_report \
	tests/test_study tests/test_surface tests/test_train tests/test_train_memory tests/test_tutorial
tests_test_backend_SOURCES = \
	tests/machines.c \
	tests/machines.h \
	tests/test_backend.c \
	tests/test_backend.h \
	tests/test_backend_cases.c \
	tests/test_backend_errors.c \
	tests/test_backend_extremes.c \
	tests/test_backend_golden.c \
	tests/test_backend_gradients.c \
	tests/test_backend_operations.c
tests_test_accuracy_SOURCES = tests/test_accuracy.c tests/accuracy.c tests/accuracy.h tests/machines.c \
	tests/machines.h
tests_test_accuracy_LDADD = $(test_libs) $(MPFR_LIBS)
claim_record = tests/claim_record.c tests/claim_record.h
tests_test_claims_SOURCES = tests/test_claims.c $(claim_record)
tests_test_claims_study_SOURCES = tests/test_claims_study.c $(fabricated) tests/planted_backend.c \
	tests/planted_backend.h
fabricated = tests/fabricated.c tests/fabricated.h
tests_test_claims_descent_SOURCES = tests/test_claims_descent.c $(claim_record)
tests_test_claims_layers_SOURCES = tests/test_claims_layers.c $(claim_record) tests/planted_backend.c \
	tests/planted_backend.h
tests_test_goodness_of_fit_SOURCES = tests/test_goodness_of_fit.c tests/statistics.c tests/statistics.h
tests_test_grade_components_SOURCES = tests/test_grade_components.c tests/grade_levels.c tests/grade_levels.h
grade_formulas = tests/grade_formulas.c tests/grade_formulas.h tests/grade_levels.c tests/grade_levels.h
tests_test_grade_formulas_SOURCES = tests/test_grade_formulas.c $(grade_formulas)
tests_test_grade_formulas_init_SOURCES = tests/test_grade_formulas_init.c $(grade_formulas)
tests_test_grade_formulas_optim_SOURCES = tests/test_grade_formulas_optim.c $(grade_formulas)
tests_test_grade_formulas_softmax_SOURCES = tests/test_grade_formulas_softmax.c $(grade_formulas)
tests_test_grade_formulas_surface_SOURCES = tests/test_grade_formulas_surface.c $(grade_formulas)
tests_test_grade_levels_SOURCES = tests/test_grade_levels.c tests/grade_levels.c tests/grade_levels.h
tests_test_grade_planted_SOURCES = tests/test_grade_planted.c tests/grade/planted_linear.h \
	tests/grade/planted_network.h tests/grade/planted_training.h tests/grade_levels.c tests/grade_levels.h \
	grade/runners/c/calls.c
tests_test_grade_planted_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests $(grade_module_cppflags)
# The runner finds the functions of planted.c in the program itself.
tests_test_grade_planted_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_test_init_SOURCES = tests/test_init.c tests/test_init.h tests/test_init_depth.c tests/statistics.c \
	tests/statistics.h
tests_test_likeness_SOURCES = tests/test_likeness.c $(train_sample)
tests_test_optim_SOURCES = tests/test_optim.c tests/machines.c tests/machines.h
tests_test_panel_SOURCES = tests/test_panel.c tests/test_panel_layers.c tests/test_panel.h
# The same tests with AVX-512's kernels emulated: the program's own take the place of libassay's.
check_PROGRAMS += tests/test_panel_avx512
TESTS += tests/test_panel_avx512
EXTRA_DIST += tests/avx512_host/missing.c
if HAVE_SIMDE
tests_test_panel_avx512_SOURCES = $(tests_test_panel_SOURCES) lib/backend/openblas/panel_avx512.c \
	tests/avx512_host/immintrin.h tests/avx512_host/supported.c
tests_test_panel_avx512_CPPFLAGS = -I$(srcdir)/tests/avx512_host $(AM_CPPFLAGS) -DTEST_PANEL_EMULATED=1
# Nothing outside this program has such vectors as arguments.
tests_test_panel_avx512_CFLAGS = $(AM_CFLAGS) $(OPTIMIZE) -Wno-psabi
else
tests_test_panel_avx512_SOURCES = tests/avx512_host/missing.c
endif
tests_test_products_SOURCES = tests/test_products.c tests/machines.c tests/machines.h
tests_test_report_SOURCES = tests/test_report.c $(report_sample)
tests_test_study_SOURCES = tests/test_study.c $(train_sample)
tests_test_surface_SOURCES = tests/test_surface.c tests/machines.c tests/machines.h
tests_test_train_SOURCES = tests/test_train.c $(train_sample)
tests_test_train_memory_SOURCES = tests/test_train_memory.c $(train_sample)
tests_test_tutorial_SOURCES = tests/test_tutorial.c tests/planted_backend.c tests/planted_backend.h
train_sample = tests/train_sample.c tests/train_sample.h
report_sample = tests/report_sample.c tests/report_sample.h

check_PROGRAMS += $(suites)
# The longest tests come first: otherwise one of them would run alone at the end.
TESTS += $(fault_tests) $(suites)
check_PROGRAMS += tests/test_accuracy
TESTS += tests/test_accuracy

# A program that a script runs: it writes the page that report_browser.sh looks at.
check_PROGRAMS += tests/report_page
tests_report_page_SOURCES = tests/report_page.c $(report_sample)

# One a line, so that two changes rarely meet.
test_scripts = \
	tests/man.sh \
	tests/docs.sh \
	tests/where.sh \
	tests/bench.sh \
	tests/install/library.sh \
	tests/report_browser.sh \
	tests/report_tool.sh \
	tests/grade/mistakes.sh \
	tests/grade/styles.sh \
	tests/grade/conventions.sh \
	tests/grade/odd_sgd.sh \
	tests/grade/wild.sh \
	tests/grade/wild_layers.sh \
	tests/grade/hostile.sh \
	tests/grade/hostile_files.sh \
	tests/grade/sandbox.sh \
	tests/grade/files_listed.sh \
	tests/grade/ways.sh \
	tests/grade/pytorch.sh \
	tests/grade/class.sh \
	tests/grade/record.sh \
	tests/study_mpi.sh \
	tests/study_hosts.sh \
	tests/best_rates.sh \
	tests/grade/hostile_class.sh \
	tests/grade/cgroup.sh \
	tests/grade/forks.sh \
	tests/grade/notebooks.sh \
	tests/grade/student.sh \
	tests/grade/jupyter.sh \
	tests/grade/platforms.sh \
	tests/grade/assign.sh \
	tests/grade/class_report.sh \
	tests/grade/gradescope.sh
TESTS += $(test_scripts)
dist_check_SCRIPTS += $(test_scripts) tests/report_browser.py
EXTRA_DIST += tests/convert_reader.py tests/safetensors_reader.py tests/grade/common.sh \
	tests/grade/notebooks tests/grade/conventions tests/grade/wild.py tests/grade/wild_layers tests/grade/wild_layers.py

# All that hostile submissions try; `make check` runs a part of it (ASSAY_HOSTILE is not set). Under five minutes.
hostile_scripts = tests/grade/hostile.sh tests/grade/sandbox.sh tests/grade/hostile_files.sh \
	tests/grade/hostile_class.sh tests/grade/cgroup.sh
dist_check_SCRIPTS += tests/grade/sandbox_install.sh
check-hostile:
	+ASSAY_HOSTILE=all $(MAKE) $(AM_MAKEFLAGS) check TESTS='tests/test_grade_child $(hostile_scripts)'
.PHONY: check-hostile

# --- the grader: submissions ------------------------------------------------------------------------------------------
# No sanitizers: they run under limits on memory, in a program of their own.
grade_module_cppflags = -I$(top_srcdir)/grade/include -I$(top_srcdir)/tests/starters/c
grade_module_cflags = $(ASSAY_CFLAGS) $(TESTS_OPTIMIZE) $(ASSAY_WARNINGS)
grade_module_ldflags = -module -avoid-version -shared -rpath /nonexistent
check_LTLIBRARIES += tests/grade/planted.la tests/grade/starter.la tests/grade/starter_f32.la \
	tests/grade/starter_undeclared.la tests/grade/style_columns.la tests/grade/style_fused.la tests/grade/cheat.la
tests_grade_planted_la_SOURCES = tests/grade/planted.c tests/grade/planted_correct.h tests/grade/planted_hostile.h \
	tests/grade/planted_sandbox.h
tests_grade_planted_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_planted_la_CFLAGS = $(grade_module_cflags)
tests_grade_planted_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_planted_la_LIBADD = -lm
tests_grade_starter_la_SOURCES = tests/starters/c/submission.c
tests_grade_starter_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_starter_la_CFLAGS = $(grade_module_cflags)
tests_grade_starter_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_starter_la_LIBADD = -lm
tests_grade_starter_f32_la_SOURCES = tests/starters/c/submission.c
tests_grade_starter_f32_la_CPPFLAGS = $(grade_module_cppflags) -DREAL=float
tests_grade_starter_f32_la_CFLAGS = $(ASSAY_CFLAGS) $(TESTS_OPTIMIZE)
tests_grade_starter_f32_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_starter_f32_la_LIBADD = -lm
tests_grade_starter_undeclared_la_SOURCES = tests/grade/starter_undeclared.c
tests_grade_starter_undeclared_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_starter_undeclared_la_CFLAGS = $(ASSAY_CFLAGS) $(TESTS_OPTIMIZE)
tests_grade_starter_undeclared_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_starter_undeclared_la_LIBADD = -lm
tests_grade_style_columns_la_SOURCES = tests/grade/style_columns.c
tests_grade_style_columns_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_style_columns_la_CFLAGS = $(ASSAY_CFLAGS) $(TESTS_OPTIMIZE)
tests_grade_style_columns_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_style_columns_la_LIBADD = -lm
tests_grade_style_fused_la_SOURCES = tests/grade/style_fused.c
tests_grade_style_fused_la_CPPFLAGS = $(grade_module_cppflags)
tests_grade_style_fused_la_CFLAGS = $(ASSAY_CFLAGS) $(TESTS_OPTIMIZE)
tests_grade_style_fused_la_LDFLAGS = $(grade_module_ldflags)
tests_grade_style_fused_la_LIBADD = -lm
tests_grade_cheat_la_SOURCES = tests/grade/cheat.c
tests_grade_cheat_la_CPPFLAGS = $(AM_CPPFLAGS) $(grade_module_cppflags)
tests_grade_cheat_la_LDFLAGS = $(AM_LDFLAGS) $(grade_module_ldflags)
tests_grade_cheat_la_LIBADD = lib/libassay.la

# --- calls that fail -------------------------------------------------------------------------------------------------
# Fault injection (tests/faults.h) puts functions of its own before the C library's, and so do the sanitizers: one at a
# time. Without inlining: the C library's headers have bodies for some of the functions that are replaced, and a caller
# is told by its return address.
if WITH_SANITIZERS
fault_tests =
TESTS += tests/faults_sanitized.sh
else
check_LTLIBRARIES += tests/libfaults.la
tests_libfaults_la_SOURCES = tests/faults.c tests/faults.h tests/fault_calls.c tests/fault_run.c tests/fault_run.h
tests_libfaults_la_CFLAGS = $(AM_CFLAGS) -fno-inline

fault_libs = tests/libfaults.la $(test_libs)
fault_tests = tests/test_faults_grade tests/test_faults_files tests/test_faults_imports tests/test_faults_runs \
	tests/test_faults_report tests/test_faults_study tests/test_faults_claims
check_PROGRAMS += $(fault_tests)
tests_test_faults_claims_SOURCES = tests/test_faults_claims.c tests/planted_backend.c tests/planted_backend.h \
	$(fabricated)
tests_test_faults_claims_LDADD = $(fault_libs)
tests_test_faults_imports_LDADD = $(fault_libs)
tests_test_faults_files_LDADD = $(fault_libs)
tests_test_faults_runs_SOURCES = tests/test_faults_runs.c $(train_sample)
tests_test_faults_runs_LDADD = $(fault_libs)
tests_test_faults_report_SOURCES = tests/test_faults_report.c $(report_sample)
tests_test_faults_report_LDADD = $(fault_libs)
tests_test_faults_grade_SOURCES = tests/test_faults_grade.c tests/grade_levels.c tests/grade_levels.h
tests_test_faults_grade_LDADD = $(fault_libs)
tests_test_faults_study_SOURCES = tests/test_faults_study.c $(train_sample)
tests_test_faults_study_LDADD = $(fault_libs)
endif
dist_check_SCRIPTS += tests/faults_sanitized.sh

# --- the cuda backend without a GPU ----------------------------------------------------------------------------------
# lib/backend/cuda without a GPU: the backend's C sources and, for the C compiler, its kernels, over an emulation of the
# CUDA runtime and of cuBLAS (tests/cuda_host/). The library has an open.c of its own that lists "cuda"; the loader
# finds it before libassay_internal's, so that it serves the whole program. The backend looks cuBLAS up by name while
# the program runs. A shared library, so that `make mutation` can replace it.
cuda_host_cppflags = -I$(srcdir)/tests/cuda_host/include -I$(srcdir)/tests/cuda_host $(AM_CPPFLAGS) \
	-DASSAY_WITH_CUDA=1 -DASSAY_CUBLAS_NAMES=NULL -Dassay_calloc=cuda_host_calloc \
	-Ddlopen=cuda_host_dlopen
check_LTLIBRARIES += tests/libcuda_host.la
tests_libcuda_host_la_SOURCES = \
	lib/backend/open.c \
	$(cuda_sources) \
	tests/cuda_host/cublas.c \
	tests/cuda_host/cuda_host.h \
	tests/cuda_host/executor.c \
	tests/cuda_host/graph.c \
	tests/cuda_host/include/cublas_v2.h \
	tests/cuda_host/include/cuda_host_device.h \
	tests/cuda_host/include/cuda_runtime_api.h \
	tests/cuda_host/kernels_f32.c \
	tests/cuda_host/kernels_f64.c \
	tests/cuda_host/runtime.c
tests_libcuda_host_la_CPPFLAGS = $(cuda_host_cppflags)
tests_libcuda_host_la_CFLAGS = $(AM_CFLAGS) $(OPTIMIZE)
tests_libcuda_host_la_LIBADD = tests/libassay_internal.la $(OPENBLAS_LIBS)
tests_libcuda_host_la_LDFLAGS = $(AM_LDFLAGS) -avoid-version -shared -rpath /nonexistent
# Before libassay_internal, so that its open.c is found first.
cuda_host_libs = tests/libcuda_host.la $(test_libs) $(OPENBLAS_LIBS)

check_PROGRAMS += tests/test_backend_cuda
TESTS += tests/test_backend_cuda
tests_test_backend_cuda_SOURCES = $(tests_test_backend_SOURCES)
tests_test_backend_cuda_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_BACKEND='"cuda"'
tests_test_backend_cuda_LDADD = $(cuda_host_libs)

# What goes beyond the table of operations: over the emulation, and on the device if there is one.
cuda_test_sources = tests/test_cuda.c tests/test_cuda.h tests/machines.c tests/machines.h tests/train_sample.c \
	tests/train_sample.h
check_PROGRAMS += tests/test_cuda_host
TESTS += tests/test_cuda_host
tests_test_cuda_host_SOURCES = $(cuda_test_sources) tests/test_cuda_faults.c
tests_test_cuda_host_CPPFLAGS = -I$(srcdir)/tests/cuda_host/include -I$(srcdir)/tests/cuda_host $(AM_CPPFLAGS) \
	-DTEST_CUDA_HOST
tests_test_cuda_host_LDADD = $(cuda_host_libs)

# The optimizers' golden values, which run over every backend.
check_PROGRAMS += tests/test_optim_cuda
TESTS += tests/test_optim_cuda
tests_test_optim_cuda_SOURCES = $(tests_test_optim_SOURCES)
tests_test_optim_cuda_LDADD = $(cuda_host_libs)

if WITH_CUDA
check_PROGRAMS += tests/test_cuda
TESTS += tests/test_cuda
tests_test_cuda_SOURCES = $(cuda_test_sources)
endif

# If nvcc is there but not the cuda backend (its libraries are missing), the kernels are still compiled.
if WITH_NVCC
if !WITH_CUDA
check_DATA = tests/cuda_f32.o tests/cuda_f64.o
CLEANFILES += tests/cuda_f32.o tests/cuda_f64.o
tests/cuda_f32.o: lib/backend/cuda/f32.cu $(cuda_kernel_headers)
	$(NVCC_verbose)$(NVCC) $(cuda_nvccflags) -c $(srcdir)/lib/backend/cuda/f32.cu -o $@
tests/cuda_f64.o: lib/backend/cuda/f64.cu $(cuda_kernel_headers)
	$(NVCC_verbose)$(NVCC) $(cuda_nvccflags) -c $(srcdir)/lib/backend/cuda/f64.cu -o $@
endif
endif

# --- the suite run in other ways: ./check --all ----------------------------------------------------------------------
# The suite built and run in other ways, each in a folder of its own below the build folder; ./check --all runs them.
# Instrumented builds leave nvcc's objects out: they are not instrumented, and the emulation of CUDA is in.
variant_asan_options = --enable-werror --enable-sanitizers --without-cuda CFLAGS='-g -O1'
variant_tsan_options = --enable-werror --enable-sanitizers=thread --without-cuda CFLAGS='-g -O1'
variant_msan_options = --enable-werror --enable-sanitizers=memory --without-cuda CC=clang CFLAGS='-g -O1'
variant_clang_options = --enable-werror CC=clang
variant_coverage_options = --enable-coverage --without-cuda

# $(call variant,NAME,TARGET) configures the folder NAME once and makes TARGET there.
variant = $(MKDIR_P) $(1) && cd $(1) && \
	{ test -f Makefile || { echo configuring $(1)/ && $(abs_top_srcdir)/configure -q $(variant_$(1)_options); }; } && \
	$(MAKE) $(AM_MAKEFLAGS) $(2)
# $(call recorded,NAME,COMMAND) runs it, and keeps what became of it for make audit.
recorded = ASSAY_VARIANT_SOURCE='$(abs_top_srcdir)' $(SHELL) '$(abs_top_srcdir)/audit/variant.sh' $(1) \
	$(SHELL) -c "$(2)"

# A test takes longer under these tools, or on a busy machine.
patient = CK_TIMEOUT_MULTIPLIER=20

.PHONY: check-asan check-tsan check-msan check-clang check-valgrind coverage
# gcc's AddressSanitizer and UndefinedBehaviorSanitizer: everything.
check-asan:
	+$(patient) ASAN_OPTIONS=allocator_may_return_null=1 \
	  LSAN_OPTIONS=print_suppressions=0:suppressions='$(abs_top_srcdir)/tests/lsan.supp' \
	  $(call recorded,asan,$(call variant,asan,check))
# clang's warnings, as errors, and its code. The programs of make fuzz are built, not run.
check-clang:
	+$(call recorded,clang,$(call variant,clang,check) && $(MAKE) $(AM_MAKEFLAGS) fuzz-programs)

# gcc's ThreadSanitizer. OpenBLAS, which it does not see into, is told to use one thread. Left out are programs that
# take the place of the C library's functions or have stacks of their own, those with one thread that start others,
# test_grade_system, which counts threads (gcc 14's sanitizer adds one to each process), and test_grade_planted, where
# this sanitizer finds OpenBLAS mapped twice and refuses the suppression.
tsan_left_out = tests/test_faults_% tests/test_openblas tests/test_backend_cuda tests/test_optim_cuda \
	tests/test_cuda_host tests/test_cuda tests/test_train_memory tests/test_grade tests/test_grade_system \
	tests/test_grade_planted %.sh
tsan_tests = $(filter-out $(tsan_left_out),$(TESTS))
tsan_environment = $(patient) ASSAY_TEST_EFFORT=small OPENBLAS_NUM_THREADS=1 \
	TSAN_OPTIONS='halt_on_error=1 allocator_may_return_null=1 suppressions=$(abs_top_srcdir)/tests/tsan.supp'
check-tsan:
	+$(tsan_environment) $(call recorded,tsan,$(call variant,tsan,check TESTS='$(tsan_tests)'))

# clang's MemorySanitizer. It takes the heap for written, since it does not see what zlib, jansson and others write
# there; valgrind does. Left out is what valgrind runs, and the rest needs a program or a compiler of its own.
msan_tests = tests/test_random tests/test_random_philox tests/test_random_statistics tests/test_data_fashion \
	tests/test_optim tests/test_surface tests/test_stats tests/test_goodness_of_fit tests/test_tolerance \
	tests/test_gradient tests/test_nn tests/test_init tests/test_backend tests/test_train tests/test_retrace \
	tests/test_tutorial tests/test_figures
check-msan:
	+$(patient) ASSAY_TEST_EFFORT=small MSAN_OPTIONS=poison_in_malloc=0:allocator_may_return_null=1 \
	  $(call recorded,msan,$(call variant,msan,check TESTS='$(msan_tests)'))

# The suites that handle the most pointers, files and other libraries, under valgrind.
valgrind_tests = tests/test_base tests/test_data tests/test_model tests/test_model_hostile tests/test_stats \
	tests/test_gradient tests/test_tolerance tests/test_surface tests/test_random tests/test_report tests/test_grade \
	tests/test_train
VALGRIND = valgrind
valgrind_command = $(LIBTOOL) --mode=execute $(VALGRIND) --quiet --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite --suppressions='$(abs_top_srcdir)/tests/valgrind.supp'
check-valgrind:
	+$(patient) CK_FORK=no ASSAY_TEST_EFFORT=small $(call recorded,valgrind,$(MAKE) $(AM_MAKEFLAGS) check \
	  TESTS='$(valgrind_tests)' LOG_COMPILER='$(valgrind_command)')

# Every OpenBLAS of Debian.
.PHONY: check-blas
check-blas:
	+$(patient) MAKE='$(MAKE)' $(SHELL) '$(abs_top_srcdir)/scripts/check-blas'

clean-local:
	rm -rf blas64 coverage-report variants
	rm -f tests/*.time tests/*/*.time
EXTRA_DIST += tests/valgrind.supp tests/lsan.supp tests/tsan.supp audit/variant.sh

# What is installed, as its users find it; with the DESTDIR of make install, if there was one.
installcheck-local:
	DESTDIR='$(DESTDIR)' CC='$(CC)' CFLAGS='$(CFLAGS) $(SANITIZER_CFLAGS) $(COVERAGE_CFLAGS)' PKG_CONFIG='$(PKG_CONFIG)' \
	  bindir='$(bindir)' libdir='$(libdir)' includedir='$(includedir)' mandir='$(mandir)' \
	  pkglibexecdir='$(pkglibexecdir)' \
	  $(SHELL) $(srcdir)/tests/install/install.sh $(srcdir)/tests/install/example.c
EXTRA_DIST += tests/install/install.sh tests/install/example.c examples/mlp.c
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
