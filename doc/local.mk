EXTRA_DIST += %D%/surfaces.md
EXTRA_DIST += %D%/gradient-check.md
