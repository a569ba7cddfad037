EXTRA_DIST += %D%/cuda.md %D%/design.md %D%/reproduction.md
dist_man_MANS += %D%/assay.1
EXTRA_DIST += %D%/surfaces.md
EXTRA_DIST += %D%/gradient-check.md
EXTRA_DIST += %D%/theory.md
dist_doc_DATA += %D%/grading.md
EXTRA_DIST += %D%/report.md
EXTRA_DIST += %D%/testing.md %D%/coverage.md %D%/mutation.md
