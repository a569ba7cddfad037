EXTRA_DIST += %D%/random_torch.json
EXTRA_DIST += %D%/surface_torch.json
EXTRA_DIST += %D%/optim_torch.json
EXTRA_DIST += %D%/data_torch.json
