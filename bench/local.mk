EXTRA_PROGRAMS += bench/step bench/epoch bench/cuda_step bench/study bench/grade
bench_step_SOURCES = bench/step.c bench/widths.h tools/output.c tools/output.h
bench_step_LDADD = lib/libassay.la $(OPENBLAS_LIBS) $(JANSSON_LIBS)
bench_epoch_SOURCES = bench/epoch.c bench/products.c bench/products.h bench/widths.h tools/output.c tools/output.h
bench_epoch_LDADD = lib/libassay.la $(OPENBLAS_LIBS) $(JANSSON_LIBS)
bench_cuda_step_SOURCES = bench/cuda_step.c tools/output.c tools/output.h
bench_cuda_step_LDADD = lib/libassay.la $(JANSSON_LIBS)
bench_study_SOURCES = bench/study.c tools/output.c tools/output.h
bench_study_LDADD = lib/libassay.la $(JANSSON_LIBS)
# What it measures is no part of libassay.
bench_grade_SOURCES = bench/grade.c
bench_grade_LDADD = tests/libassay_internal.la -lm
EXTRA_DIST += bench/torch_epoch.py bench/compare_torch.py bench/compare_torch_cuda.py

# There is a folder of this name, so the target depends on one that never exists.
bench: bench/step bench/epoch bench/study assay bench-always
	bench/step
	bench/epoch
	bench/study
bench-always:
