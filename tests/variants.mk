# The suite built and run in other ways, each in a folder of its own below the build folder; ./check --all runs them.
variants = asan clang coverage
variant_asan_options = --enable-werror --enable-sanitizers CFLAGS='-g -O1'
variant_clang_options = --enable-werror CC=clang
variant_coverage_options = --enable-coverage

# $(call variant,NAME,TARGET) configures the folder NAME once and makes TARGET there.
variant = $(MKDIR_P) $(1) && cd $(1) && \
	{ test -f Makefile || { echo "configuring $(1)/" && $(abs_top_srcdir)/configure -q $(variant_$(1)_options); }; } && \
	$(MAKE) $(AM_MAKEFLAGS) $(2)

.PHONY: check-asan check-clang check-valgrind coverage
# gcc's AddressSanitizer and UndefinedBehaviorSanitizer.
check-asan:
	+$(call variant,asan,check)
# clang's warnings, as errors, and its code.
check-clang:
	+$(call variant,clang,check)

# The suites that handle the most pointers, under valgrind; the numerical ones would take an hour.
valgrind_tests = tests/test_base tests/test_data tests/test_model tests/test_model_hostile
VALGRIND = valgrind
valgrind_command = $(LIBTOOL) --mode=execute $(VALGRIND) --quiet --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite --suppressions='$(abs_top_srcdir)/tests/valgrind.supp'
check-valgrind:
	+CK_FORK=no $(MAKE) $(AM_MAKEFLAGS) check TESTS='$(valgrind_tests)' LOG_COMPILER='$(valgrind_command)'

if WITH_COVERAGE
# lib/ alone: the figures are of what the library's users run.
lcov = $(LCOV) --quiet --rc lcov_branch_coverage=1
coverage:
	$(lcov) --directory . --zerocounters
	$(MAKE) $(AM_MAKEFLAGS) check
	$(lcov) --directory . --capture --output-file coverage.all
	$(lcov) --extract coverage.all '$(abs_top_srcdir)/lib/*' --output-file coverage.info
	$(GENHTML) --quiet --branch-coverage --legend --prefix '$(abs_top_srcdir)' --title 'assay $(VERSION)' \
	  --output-directory coverage-report coverage.info
	$(AWK) -f $(top_srcdir)/tests/coverage.awk coverage.info
	@echo "The report: `pwd`/coverage-report/index.html"
else
coverage:
	+$(call variant,coverage,coverage)
endif
CLEANFILES += coverage.all coverage.info
clean-local:
	rm -rf coverage-report
distclean-local:
	rm -rf $(variants)
EXTRA_DIST += %D%/coverage.awk %D%/valgrind.supp

dist_check_SCRIPTS += tests/man.sh
TESTS += tests/man.sh

# What is installed, as its users find it; with the DESTDIR of make install, if there was one.
installcheck-local:
	DESTDIR='$(DESTDIR)' CC='$(CC)' CFLAGS='$(CFLAGS) $(SANITIZER_CFLAGS) $(COVERAGE_CFLAGS)' PKG_CONFIG='$(PKG_CONFIG)' \
	  bindir='$(bindir)' libdir='$(libdir)' includedir='$(includedir)' mandir='$(mandir)' pkglibexecdir='$(pkglibexecdir)' \
	  $(SHELL) $(srcdir)/tests/install/install.sh $(srcdir)/tests/install/example.c
EXTRA_DIST += tests/install/install.sh tests/install/example.c
