# The backend's C sources; the tests also compile them, over their emulation of CUDA.
cuda_sources = \
	%D%/arguments.h \
	%D%/command.c \
	%D%/cublas.c \
	%D%/cuda.h \
	%D%/device.c \
	%D%/graph.c \
	%D%/layers.c \
	%D%/memory.c \
	%D%/open.c \
	%D%/record.c \
	%D%/reduce.c \
	%D%/update.c
cuda_kernel_headers = \
	lib/backend/activation.h \
	lib/backend/update_coefficients.h \
	lib/backend/update_rule.h \
	%D%/arguments.h \
	%D%/kernels.h \
	%D%/kernels_activation.h \
	%D%/kernels_all.h \
	%D%/kernels_loss.h \
	%D%/kernels_memory.h \
	%D%/kernels_reduce.h \
	%D%/kernels_update.h
EXTRA_DIST += $(cuda_kernel_headers) %D%/f32.cu %D%/f64.cu

# nvcc passes options that it does not know (libtool's -fPIC) to the C++ compiler that it uses. No contraction, as
# everywhere (doc/design.md).
NVCCFLAGS = -O3
cuda_nvccflags = $(NVCC_TARGETS) -std=c++17 -fmad=false -lineinfo --forward-unknown-to-host-compiler \
	-fvisibility=hidden \
	--compiler-options=-fno-exceptions,-fno-threadsafe-statics,-Wall,-Wextra,-Wconversion,-Wshadow \
	$(NVCCFLAGS) -I$(top_builddir)/include -I$(top_srcdir)/lib
NVCC_verbose = $(NVCC_verbose_@AM_V@)
NVCC_verbose_ = $(NVCC_verbose_@AM_DEFAULT_V@)
NVCC_verbose_0 = @echo "  NVCC    " $@;

if WITH_CUDA
assay_sources += $(cuda_sources)
assay_objects += %D%/f32.lo %D%/f64.lo
assay_libs += $(CUDA_LIBS)

%D%/f32.lo: %D%/f32.cu $(cuda_kernel_headers)
	@$(MKDIR_P) %D%
	$(NVCC_verbose)$(LIBTOOL) --quiet --tag=CC --mode=compile $(NVCC) $(cuda_nvccflags) -c $(srcdir)/%D%/f32.cu -o $@
%D%/f64.lo: %D%/f64.cu $(cuda_kernel_headers)
	@$(MKDIR_P) %D%
	$(NVCC_verbose)$(LIBTOOL) --quiet --tag=CC --mode=compile $(NVCC) $(cuda_nvccflags) -c $(srcdir)/%D%/f64.cu -o $@
endif
