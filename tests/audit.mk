# What the tests are worth (doc/testing.md): make audit.
check_PROGRAMS += tests/audit/components tests/audit/audit_page
tests_audit_components_SOURCES = tests/audit/components.c
tests_audit_components_LDADD = lib/libassay.la $(JANSSON_LIBS)
tests_audit_audit_page_SOURCES = tests/audit/page.c
tests_audit_audit_page_LDADD = lib/libassay.la $(JANSSON_LIBS)

# Loaded before the library, in a build without sanitizers.
check_LTLIBRARIES += tests/audit/inject.la
tests_audit_inject_la_SOURCES = tests/audit/inject.c tests/audit/inject.h tests/audit/inject_backend.c
tests_audit_inject_la_CFLAGS = $(ASSAY_CFLAGS) $(ASSAY_WARNINGS)
tests_audit_inject_la_LDFLAGS = -module -avoid-version -shared -rpath /nonexistent
tests_audit_inject_la_LIBADD = -lm -ldl
audit_python = tests/audit/audit.py tests/audit/components.py tests/audit/evidence.py tests/audit/sections.py \
	tests/audit/sensitivity.py tests/audit/reproducible.py
EXTRA_DIST += $(audit_python) tests/traceability-reasons.json

have_python = { python3 --version >/dev/null 2>&1 || \
	{ echo "python3 is missing; on Debian: apt-get install python3" >&2; exit 1; }; }

# One run of the suite in which each test says what it is evidence of; again when a test or the library has changed.
# Tests that fail are no evidence, and the page says so.
trace.jsonl: $(check_PROGRAMS) lib/libassay.la assay$(EXEEXT)
	rm -f trace.new
	$(patient) ASSAY_TRACE="`pwd`/trace.new" $(MAKE) $(AM_MAKEFLAGS) check || \
	  echo "make check failed: the audit shows what is left"
	mv trace.new $@

.PHONY: audit sensitivity check-reproducible
# What other targets have found is taken as it is: make coverage, mutation, sensitivity, check-asan and so on.
audit: trace.jsonl
	@$(have_python)
	status=0; \
	  python3 -B '$(srcdir)/tests/audit/audit.py' --source '$(srcdir)' --build . --output audit.json || status=1; \
	  tests/audit/audit_page audit.json audit.html && echo "The page: `pwd`/audit.html" && exit $$status

# Bisects the smallest error that each golden value and statistical test still notices.
SENSITIVITY_JOBS = 2
sensitivity: trace.jsonl tests/audit/inject.la
	@$(have_python)
	ASSAY_AUDIT_VERBOSE=1 python3 -B '$(srcdir)/tests/audit/sensitivity.py' --trace trace.jsonl --source '$(srcdir)' \
	  --build . --output sensitivity.json --jobs $(SENSITIVITY_JOBS)

# gcc and clang, -O0 and -O3, 1 and 2 threads, twice each: library and program alone, in builds of their own.
check-reproducible:
	@$(have_python)
	python3 -B '$(srcdir)/tests/audit/reproducible.py' --source '$(srcdir)' --build reproducible \
	  --output reproducible.json
CLEANFILES += trace.jsonl trace.new audit.json audit.html sensitivity.json reproducible.json
