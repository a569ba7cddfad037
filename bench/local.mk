EXTRA_PROGRAMS += bench/step bench/study bench/grade
# tests/bench.sh runs them.
check_PROGRAMS += bench/busy bench/cuda_step bench/epoch bench/panel
bench_common = bench/common.c bench/common.h tools/output.c tools/output.h
bench_step_SOURCES = bench/step.c bench/widths.h $(bench_common)
bench_step_LDADD = lib/libassay.la $(OPENBLAS_LIBS) $(JANSSON_LIBS)
bench_epoch_SOURCES = bench/epoch.c bench/products.c bench/products.h bench/widths.h $(bench_common)
bench_epoch_LDADD = lib/libassay.la $(OPENBLAS_LIBS) $(JANSSON_LIBS)
bench_busy_SOURCES = bench/busy.c $(bench_common)
bench_busy_LDADD = lib/libassay.la $(OPENBLAS_LIBS) $(JANSSON_LIBS)
bench_cuda_step_SOURCES = bench/cuda_step.c $(bench_common)
bench_cuda_step_LDADD = lib/libassay.la $(JANSSON_LIBS)
bench_study_SOURCES = bench/study.c $(bench_common)
bench_study_LDADD = lib/libassay.la $(JANSSON_LIBS)
# What these measure is not public.
bench_panel_SOURCES = bench/panel.c $(bench_common)
bench_panel_LDADD = tests/libassay_internal.la $(OPENBLAS_LIBS) $(JANSSON_LIBS)
bench_grade_SOURCES = bench/grade.c
bench_grade_LDADD = tests/libassay_internal.la -lm
EXTRA_DIST += bench/torch_epoch.py bench/compare_torch.py bench/compare_torch_cuda.py

# There is a folder of this name, so the target depends on one that never exists.
bench: bench/step bench/epoch bench/panel bench/busy bench/study assay bench-always
	bench/step
	bench/epoch
	bench/panel
	bench/busy
	bench/study
bench-always:
