# The suite built and run in other ways, each in a folder of its own below the build folder; ./check --all runs them.
variants = asan tsan msan clang coverage
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
recorded = ASSAY_VARIANT_SOURCE='$(abs_top_srcdir)' $(SHELL) '$(abs_top_srcdir)/tests/audit/variant.sh' $(1) \
	$(SHELL) -c "$(2)"

# A test takes longer under these tools, or on a busy machine.
patient = CK_TIMEOUT_MULTIPLIER=20

.PHONY: check-asan check-tsan check-msan check-clang check-valgrind coverage
# gcc's AddressSanitizer and UndefinedBehaviorSanitizer: everything.
check-asan:
	+$(patient) ASAN_OPTIONS=allocator_may_return_null=1 $(call recorded,asan,$(call variant,asan,check))
# clang's warnings, as errors, and its code.
check-clang:
	+$(call recorded,clang,$(call variant,clang,check))

# gcc's ThreadSanitizer. OpenBLAS, which it does not see into, is told to use one thread. Left out are programs that take
# the place of the C library's functions or have stacks of their own, and those with one thread that start others.
tsan_left_out = tests/test_faults_% tests/test_backend_cuda tests/test_optim_cuda tests/test_cuda_host tests/test_cuda \
	tests/test_train_memory tests/test_grade %.sh
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

if WITH_COVERAGE
# lib/ alone: the figures are of what the library's users run.
lcov = $(LCOV) --quiet --rc lcov_branch_coverage=1
# As lcov names files: without links and "..".
source_folder = `cd '$(abs_top_srcdir)' && pwd -P`
coverage:
	@$(have_python)
	$(lcov) --directory . --zerocounters
	$(patient) ASSAY_TEST_EFFORT=small $(MAKE) $(AM_MAKEFLAGS) check
	$(lcov) --directory . --capture --output-file coverage.all
	$(lcov) --extract coverage.all "$(source_folder)/lib/*" --output-file coverage.info
	$(GENHTML) --quiet --branch-coverage --legend --prefix "$(source_folder)" --title 'assay $(VERSION)' \
	  --output-directory coverage-report coverage.info
	@echo "The report: `pwd`/coverage-report/index.html"
	python3 -B '$(srcdir)/tests/audit/coverage.py' '$(srcdir)' .
else
# The figures are kept here, where make audit looks for them, whether they suffice or not.
coverage:
	+status=0; ( $(call variant,coverage,coverage) ) || status=1; cp coverage/coverage.json . && exit $$status
endif
CLEANFILES += coverage.all coverage.info coverage.json
clean-local:
	rm -rf coverage-report variants
distclean-local:
	rm -rf $(variants) mutation
EXTRA_DIST += %D%/audit/coverage.py %D%/valgrind.supp %D%/tsan.supp %D%/audit/variant.sh

dist_check_SCRIPTS += tests/man.sh
TESTS += tests/man.sh

# What is installed, as its users find it; with the DESTDIR of make install, if there was one.
installcheck-local:
	DESTDIR='$(DESTDIR)' CC='$(CC)' CFLAGS='$(CFLAGS) $(SANITIZER_CFLAGS) $(COVERAGE_CFLAGS)' PKG_CONFIG='$(PKG_CONFIG)' \
	  bindir='$(bindir)' libdir='$(libdir)' includedir='$(includedir)' mandir='$(mandir)' pkglibexecdir='$(pkglibexecdir)' \
	  $(SHELL) $(srcdir)/tests/install/install.sh $(srcdir)/tests/install/example.c
EXTRA_DIST += tests/install/install.sh tests/install/example.c
