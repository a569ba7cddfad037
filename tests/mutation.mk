# Faults planted in the numerics, one at a time, and which of them no test notices (doc/mutation.md). It builds a folder
# mutation/jobN for each job, can be interrupted, and then goes on from where it was.
MUTANTS = 560
SEED = 1
JOBS = 2
PYTHON = /usr/bin/python3
MUTATION_FLAGS =
mutation:
	$(PYTHON) -B $(srcdir)/tools/audit/mutation/main.py --source='$(srcdir)' --build=. --tests='$(TESTS)' \
	  --mutants='$(MUTANTS)' --seed='$(SEED)' --jobs='$(JOBS)' $(MUTATION_FLAGS)
.PHONY: mutation
CLEANFILES += mutation.json mutation.txt
EXTRA_DIST += %D%/mutation-equivalent.json \
	tools/audit/mutation/main.py \
	tools/audit/mutation/build.py \
	tools/audit/mutation/faults.py \
	tools/audit/mutation/mutants.py \
	tools/audit/mutation/source.py \
	tools/audit/mutation/suite.py \
	tools/audit/mutation/verdicts.py
