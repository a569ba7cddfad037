EXTRA_PROGRAMS += bench/step
bench_step_SOURCES = bench/step.c
bench_step_LDADD = lib/libassay.la $(OPENBLAS_LIBS) $(JANSSON_LIBS)

# There is a folder of this name, so the target depends on one that never exists.
bench: bench/step bench-always
	bench/step
bench-always:
