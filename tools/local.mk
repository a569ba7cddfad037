EXTRA_DIST += %D%/golden/torch_random.py
