# The backend's C sources; the tests compile them, too, over their emulation of CUDA.
cuda_sources = \
	%D%/arguments.h \
	%D%/command.c \
	%D%/cublas.c \
	%D%/cuda.h \
	%D%/graph.c \
	%D%/layers.c \
	%D%/memory.c \
	%D%/open.c \
	%D%/reduce.c \
	%D%/update.c
cuda_kernel_headers = \
	%D%/arguments.h \
	%D%/kernels.h \
	%D%/kernels_activation.h \
	%D%/kernels_all.h \
	%D%/kernels_loss.h \
	%D%/kernels_memory.h \
	%D%/kernels_reduce.h \
	%D%/kernels_update.h
EXTRA_DIST += $(cuda_kernel_headers) %D%/f32.cu %D%/f64.cu
