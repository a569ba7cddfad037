EXTRA_DIST += %D%/random_torch.json
