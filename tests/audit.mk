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
