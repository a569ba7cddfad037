"""The runner of submissions in Python: it reads the definitions of a notebook or a file, and answers the grader."""
