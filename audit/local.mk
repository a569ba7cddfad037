# The audit: which tests detect an error, and how large it must be (doc/testing.md). Builds and tests do not need it.
check_PROGRAMS += audit/accuracy audit/components audit/audit_page audit/platform
audit_accuracy_SOURCES = audit/accuracy.c tests/accuracy.c tests/accuracy.h tests/machines.c tests/machines.h
audit_accuracy_LDADD = $(test_libs) $(MPFR_LIBS)
audit_components_SOURCES = audit/components.c
audit_components_LDADD = tests/libassay_internal.la $(JANSSON_LIBS)
audit_audit_page_SOURCES = audit/page.c
audit_audit_page_LDADD = tests/libassay_internal.la $(JANSSON_LIBS)
audit_platform_SOURCES = audit/platform.c
audit_platform_LDADD = tests/libassay_internal.la $(OPENBLAS_LIBS) $(JANSSON_LIBS)

# LD_PRELOAD loads it before the library, in a build without sanitizers.
check_LTLIBRARIES += audit/inject.la
audit_inject_la_SOURCES = audit/inject.c audit/inject.h audit/inject_backend.c
audit_inject_la_CFLAGS = $(ASSAY_CFLAGS) $(TESTS_OPTIMIZE) $(ASSAY_WARNINGS)
audit_inject_la_LDFLAGS = -module -avoid-version -shared -rpath /nonexistent
audit_inject_la_LIBADD = -lm -ldl
audit_python = audit/audit.py audit/components.py audit/everywhere.py audit/evidence.py audit/output.py \
	audit/reproducible.py audit/sections.py audit/sensitivity.py audit/where.py
EXTRA_DIST += $(audit_python) audit/coverage.py audit/reasons.json

have_python = { python3 --version >/dev/null 2>&1 || \
	{ echo "python3 is missing; on Debian: apt-get install python3" >&2; exit 1; }; }

# One run of the suite in which each test records its evidence; again when a test or the library has changed. A failed
# test is no evidence, and the page reports it.
trace.jsonl: $(check_PROGRAMS) tests/libassay_internal.la assay$(EXEEXT)
	rm -f trace.new
	$(patient) ASSAY_TRACE="`pwd`/trace.new" $(MAKE) $(AM_MAKEFLAGS) check || \
	  echo "make check failed: the audit shows what is left"
	mv trace.new $@

# Which tests cover a component, a function or a line: make where NAME=optimizer/momentum
PYTHON = /usr/bin/python3
NAME =
where:
	@$(have_python)
	@$(PYTHON) -B '$(srcdir)/audit/where.py' --source '$(srcdir)' --build . '$(NAME)'
CLEANFILES += where.json

# Errors against exact arithmetic, with more points than the test looks at.
accuracy: audit/accuracy$(EXEEXT)
	audit/accuracy 40 > accuracy.new && mv accuracy.new accuracy.json

.PHONY: accuracy audit sensitivity check-reproducible where
# Results of other targets are used as they are: make coverage, mutation, sensitivity, check-asan and so on.
audit: trace.jsonl
	@$(have_python)
	status=0; \
	  python3 -B '$(srcdir)/audit/audit.py' --source '$(srcdir)' --build . --output audit.json || status=1; \
	  audit/audit_page audit.json audit.html && echo "The page: `pwd`/audit.html" && exit $$status

# Bisects the smallest error that each golden value and statistical test detects.
SENSITIVITY_JOBS = 2
sensitivity: trace.jsonl audit/inject.la
	@$(have_python)
	ASSAY_AUDIT_VERBOSE=1 python3 -B '$(srcdir)/audit/sensitivity.py' --trace trace.jsonl --source '$(srcdir)' \
	  --build . --output sensitivity.json --jobs $(SENSITIVITY_JOBS)

# gcc and clang, -O0 and -O3, 1 and 2 threads, two runs each, of separate builds without tests.
check-reproducible:
	@$(have_python)
	python3 -B '$(srcdir)/audit/reproducible.py' --source '$(srcdir)' --build reproducible \
	  --output reproducible.json

# Each OpenBLAS, kernel and number of threads here, and other processors if scripts/cross has built for them.
# GOLDEN in everywhere.py has the same programs.
golden_tests = backend data goodness_of_fit inference init model optim random stats surface
CROSS_DIR = /var/tmp/assay-cross
ONLY =
.PHONY: everywhere
everywhere: audit/platform $(golden_tests:%=tests/test_%)
	@$(have_python)
	python3 -B '$(srcdir)/audit/everywhere.py' --source '$(srcdir)' --build . --cross '$(CROSS_DIR)' \
	  --only '$(ONLY)' --output everywhere.json
CLEANFILES += accuracy.json accuracy.new trace.jsonl trace.new everywhere.trace audit.json audit.html \
	sensitivity.json reproducible.json everywhere.json

# --- coverage: doc/coverage.md ----------------------------------------------------------------------------------------
if WITH_COVERAGE
# lib/ alone: the code that the library's users run.
# lcov 2 (Debian 13) has another name for the option, and stops at counts of inlined code that do not agree. The figures
# below are not lcov's.
lcov_1 = $(LCOV) --version | grep -q 'version 1\.'
lcov_2_accepts = --ignore-errors inconsistent,inconsistent,negative,negative
lcov = $(LCOV) --quiet `$(lcov_1) && echo --rc lcov_branch_coverage=1 || echo --rc branch_coverage=1 $(lcov_2_accepts)`
# lcov names files without links and "..".
source_folder = `cd '$(abs_top_srcdir)' && pwd -P`
coverage:
	@$(have_python)
	$(lcov) --directory . --zerocounters
	$(patient) FAULTS_ALL=1 ASSAY_TEST_EFFORT=small $(MAKE) $(AM_MAKEFLAGS) check
	$(lcov) --directory . --capture --output-file coverage.all
	$(lcov) --extract coverage.all "$(source_folder)/lib/*" --output-file coverage.info
	$(GENHTML) --quiet `$(lcov_1) || echo $(lcov_2_accepts)` --branch-coverage --legend --prefix "$(source_folder)" \
	  --title 'assay $(VERSION)' --output-directory coverage-report coverage.info
	@echo "The report: `pwd`/coverage-report/index.html"
	python3 -B '$(srcdir)/audit/coverage.py' '$(srcdir)' .
else
# The results are kept here for make audit, whether they are sufficient or not.
coverage:
	+status=0; ( $(call variant,coverage,coverage) ) || status=1; cp coverage/coverage.json . && exit $$status
endif
CLEANFILES += coverage.all coverage.info coverage.json

# --- mutation: doc/mutation.md ----------------------------------------------------------------------------------------
# Plants faults in the library and the grader, one at a time, and reports those that no test detects. Each job
# builds in a folder mutation/jobN. An interrupted run continues where it stopped.
MUTANTS = 1300
SEED = 1
JOBS = 2
MUTATION_FLAGS =
mutation:
	FAULTS_ALL=1 $(PYTHON) -B $(srcdir)/audit/mutation/main.py --source='$(srcdir)' --build=. --tests='$(TESTS)' \
	  --mutants='$(MUTANTS)' --seed='$(SEED)' --jobs='$(JOBS)' $(MUTATION_FLAGS)
# Then: which tolerances of the tests can be ten times looser, and which mutants that lets pass.
LOOSEN_FLAGS =
loosened: tests/libsupport.la
	$(PYTHON) -B $(srcdir)/audit/mutation/loosen.py --source='$(srcdir)' --build=. --tests='$(TESTS)' \
	  --jobs='$(JOBS)' $(LOOSEN_FLAGS)
.PHONY: mutation loosened
CLEANFILES += mutation.json mutation.txt loosened.json loosened.txt
EXTRA_DIST += audit/mutation/equivalent.json \
	audit/mutation/main.py \
	audit/mutation/build.py \
	audit/mutation/faults.py \
	audit/mutation/loosen.py \
	audit/mutation/mutants.py \
	audit/mutation/source.py \
	audit/mutation/suite.py \
	audit/mutation/verdicts.py
