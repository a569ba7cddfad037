# lib/backend/cuda without a GPU: the backend's C sources and, for the C compiler, its kernels, over an emulation of the
# CUDA runtime and of cuBLAS (tests/cuda_host/). The library has a backend.c of its own that lists "cuda"; a program's
# definitions go before those of the shared library, so that this serves the whole program. cuBLAS is looked up by name
# while the program runs: hence -export-dynamic.
cuda_host_cppflags = -I$(srcdir)/tests/cuda_host/include -I$(srcdir)/tests/cuda_host $(AM_CPPFLAGS) \
	-DASSAY_WITH_CUDA=1 -DASSAY_CUBLAS_NAMES=NULL -Dassay_calloc=cuda_host_calloc
check_LTLIBRARIES += tests/libcuda_host.la
tests_libcuda_host_la_SOURCES = \
	lib/backend/backend.c \
	$(cuda_sources) \
	%D%/cuda_host/cublas.c \
	%D%/cuda_host/cuda_host.h \
	%D%/cuda_host/executor.c \
	%D%/cuda_host/graph.c \
	%D%/cuda_host/include/cublas_v2.h \
	%D%/cuda_host/include/cuda_host_device.h \
	%D%/cuda_host/include/cuda_runtime_api.h \
	%D%/cuda_host/kernels_f32.c \
	%D%/cuda_host/kernels_f64.c \
	%D%/cuda_host/runtime.c
tests_libcuda_host_la_CPPFLAGS = $(cuda_host_cppflags)
cuda_host_libs = tests/libcuda_host.la $(test_libs) $(OPENBLAS_LIBS) -lm
cuda_host_ldflags = $(AM_LDFLAGS) -export-dynamic

check_PROGRAMS += tests/test_backend_cuda
TESTS += tests/test_backend_cuda
tests_test_backend_cuda_SOURCES = $(tests_test_backend_SOURCES)
tests_test_backend_cuda_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_BACKEND='"cuda"'
tests_test_backend_cuda_CFLAGS = $(test_cflags)
tests_test_backend_cuda_LDADD = $(cuda_host_libs)
tests_test_backend_cuda_LDFLAGS = $(cuda_host_ldflags)

# What goes beyond the table of operations: over the emulation, and on the device if there is one.
cuda_test_sources = tests/test_cuda.c tests/test_cuda.h tests/machines.c tests/machines.h tests/train_sample.c \
	tests/train_sample.h
check_PROGRAMS += tests/test_cuda_host
TESTS += tests/test_cuda_host
tests_test_cuda_host_SOURCES = $(cuda_test_sources) tests/test_cuda_faults.c
tests_test_cuda_host_CPPFLAGS = -I$(srcdir)/tests/cuda_host/include -I$(srcdir)/tests/cuda_host $(AM_CPPFLAGS) \
	-DTEST_CUDA_HOST
tests_test_cuda_host_CFLAGS = $(test_cflags)
tests_test_cuda_host_LDADD = $(cuda_host_libs)
tests_test_cuda_host_LDFLAGS = $(cuda_host_ldflags)

# The optimizers' golden values, which run over every backend.
check_PROGRAMS += tests/test_optim_cuda
TESTS += tests/test_optim_cuda
tests_test_optim_cuda_SOURCES = $(tests_test_optim_SOURCES)
tests_test_optim_cuda_CFLAGS = $(test_cflags)
tests_test_optim_cuda_LDADD = $(cuda_host_libs)
tests_test_optim_cuda_LDFLAGS = $(cuda_host_ldflags)

if WITH_CUDA
check_PROGRAMS += tests/test_cuda
TESTS += tests/test_cuda
tests_test_cuda_SOURCES = $(cuda_test_sources)
tests_test_cuda_CFLAGS = $(test_cflags)
tests_test_cuda_LDADD = $(test_libs)
endif

# Where there is nvcc and yet no cuda backend (its libraries are missing), the kernels are compiled all the same.
if WITH_NVCC
if !WITH_CUDA
check_DATA = tests/cuda_f32.o tests/cuda_f64.o
CLEANFILES += tests/cuda_f32.o tests/cuda_f64.o
tests/cuda_f32.o: lib/backend/cuda/f32.cu $(cuda_kernel_headers)
	$(NVCC_verbose)$(NVCC) $(cuda_nvccflags) -c $(srcdir)/lib/backend/cuda/f32.cu -o $@
tests/cuda_f64.o: lib/backend/cuda/f64.cu $(cuda_kernel_headers)
	$(NVCC_verbose)$(NVCC) $(cuda_nvccflags) -c $(srcdir)/lib/backend/cuda/f64.cu -o $@
endif
endif
