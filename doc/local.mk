EXTRA_DIST += %D%/gradient-check.md
