# ASSAY_NEED(VARIABLE-PREFIX, PKG-CONFIG MODULE, DEBIAN PACKAGE, WHAT FOR)
# Each missing library is remembered, so that one run of configure names them all.
AC_DEFUN([ASSAY_NEED],
[PKG_CHECK_MODULES([$1], [$2], [:],
  [AC_MSG_WARN([$2 is missing ($4)])
   assay_missing="$assay_missing $3"])])

AC_DEFUN([ASSAY_DEPENDENCIES],
[PKG_PROG_PKG_CONFIG
AS_IF([test -z "$PKG_CONFIG"],
  [AC_MSG_WARN([pkg-config is missing, so no library can be found])
   assay_missing="$assay_missing pkg-config"])
ASSAY_NEED([OPENBLAS], [openblas >= 0.3.10], [libopenblas-dev], [matrix products])
ASSAY_NEED([ZLIB], [zlib], [zlib1g-dev], [gzipped IDX files])
ASSAY_NEED([JANSSON], [jansson >= 2.10], [libjansson-dev], [JSON])
ASSAY_NEED([LIBZIP], [libzip], [libzip-dev], [PyTorch checkpoints])
ASSAY_NEED([LIBELF], [libelf], [libelf-dev], [the shared objects that assay grade looks into])
ASSAY_NEED([SECCOMP], [libseccomp >= 2.5], [libseccomp-dev], [the sandbox of assay grade])
AC_ARG_ENABLE([tests],
  [AS_HELP_STRING([--disable-tests], [build without the test suite (no Check, no GSL)])],
  [], [enable_tests=yes])
AS_IF([test "$enable_tests" = yes],
  [ASSAY_NEED([CHECK], [check >= 0.12], [check], [the test suite; or --disable-tests])
   ASSAY_NEED([GSL], [gsl], [libgsl-dev], [distribution functions of the tests; or --disable-tests])
   ASSAY_NEED([MPFR], [mpfr], [libmpfr-dev], [exact values of the tests; or --disable-tests])
   # GSL's own BLAS has the same names as OpenBLAS, and would take its place in every test: the tests would be slow, and
   # test something else than the program runs.
   GSL_LIBS="`AS_ECHO(["$GSL_LIBS"]) | $SED 's/-lgslcblas//'` $OPENBLAS_LIBS"])
# Headers alone: the tests emulate AVX-512 with them.
assay_have_simde=no
AS_IF([test "$enable_tests" = yes],
  [AS_CASE([$host_cpu], [x86_64],
     [AC_CHECK_HEADER([simde/x86/avx512.h], [assay_have_simde=yes],
        [assay_have_simde="no (apt-get install libsimde-dev)"])])])
AM_CONDITIONAL([HAVE_SIMDE], [test "$assay_have_simde" = yes])
AC_ARG_WITH([mpi], [AS_HELP_STRING([--without-mpi], [no assay study under mpirun (default: if Open MPI is found)])],
  [], [with_mpi=check])
assay_have_mpi=no
AS_IF([test "$with_mpi" != no],
  [PKG_CHECK_MODULES([MPI], [ompi-c], [assay_have_mpi=yes],
    [AS_IF([test "$with_mpi" = yes], [ASSAY_NEED([MPI], [ompi-c], [libopenmpi-dev], [assay study under mpirun])],
      [assay_have_mpi="no (apt-get install libopenmpi-dev)"])])])
AM_CONDITIONAL([HAVE_MPI], [test "$assay_have_mpi" = yes])
AM_CONDITIONAL([WITH_TESTS], [test "$enable_tests" = yes])
AS_IF([test -n "$assay_missing"],
  [AC_MSG_ERROR([packages are missing; on Debian: apt-get install$assay_missing])])
])

# ASSAY_PROGRAM(NAME, PROGRAM, DEBIAN PACKAGE): looks for a program that is run, not linked, and may come later;
# assay_have_NAME is what the summary says of it.
AC_DEFUN([ASSAY_PROGRAM],
[AC_PATH_PROG([assay_path_$1], [$2])
AS_IF([test -n "$assay_path_$1"], [assay_have_$1="found"], [assay_have_$1="not found (apt-get install $3)"])
])

AC_DEFUN([ASSAY_PROGRAMS],
[ASSAY_PROGRAM([gnuplot], [gnuplot], [gnuplot-nox])
ASSAY_PROGRAM([bwrap], [bwrap], [bubblewrap])
ASSAY_PROGRAM([python3], [python3], [python3])
ASSAY_PROGRAM([node], [node], [nodejs])
ASSAY_PROGRAM([lcov], [lcov], [lcov])
])

# The cuda backend: in where nvcc, the CUDA runtime and cuBLAS's header are found. Its kernels are compiled for each of
# these processors that this nvcc knows, and as PTX for those to come. cuBLAS itself is loaded when the backend is
# opened, and the runtime is linked statically, so that the program starts where neither is installed.
m4_define([ASSAY_CUDA_PROCESSORS], [75 80 86 89 90])

AC_DEFUN([ASSAY_CUDA],
[AC_ARG_WITH([cuda],
  [AS_HELP_STRING([--with-cuda@<:@=DIR@:>@],
     [build the cuda backend, with CUDA in DIR (default: if nvcc is found in PATH or /usr/local/cuda)])],
  [], [with_cuda=check])
NVCC=
assay_cuda=
assay_cuda_problem=
AS_CASE([$with_cuda],
  [no], [assay_cuda_problem="--without-cuda"],
  [check|yes], [AC_PATH_PROG([NVCC], [nvcc], [], [$PATH$PATH_SEPARATOR/usr/local/cuda/bin])
     AS_IF([test -z "$NVCC"], [assay_cuda_problem="nvcc not found; --with-cuda=DIR tells where CUDA is"])],
  [AS_IF([test -x "$with_cuda/bin/nvcc"], [NVCC=$with_cuda/bin/nvcc],
     [assay_cuda_problem="$with_cuda/bin/nvcc not found"])])
AS_IF([test -n "$NVCC"], [ASSAY_CUDA_FILES])
AS_IF([test -z "$assay_cuda_problem"], [ASSAY_CUDA_TRY])
AS_IF([test -z "$assay_cuda_problem"],
  [assay_have_cuda=yes
   assay_backends="reference, openblas, openblas-dense, cuda (for$assay_processors, PTX compute_$assay_newest)"
   AC_DEFINE([ASSAY_WITH_CUDA], [1], [Define to 1 if the cuda backend is built])
   AC_DEFINE_UNQUOTED([ASSAY_CUDA_FOLDER], ["$CUDA_CUBLAS_DIR"], [The folder of CUDA's libraries])],
  [test "$with_cuda" = no || test "$with_cuda" = check],
  [assay_have_cuda=no
   assay_backends="reference, openblas, openblas-dense (no cuda: $assay_cuda_problem)"],
  [AC_MSG_ERROR([the cuda backend cannot be built: $assay_cuda_problem])])
AC_SUBST([NVCC])
AC_SUBST([CUDA_CPPFLAGS])
AC_SUBST([CUDA_LIBS])
AC_SUBST([NVCC_TARGETS])
AM_CONDITIONAL([WITH_CUDA], [test "$assay_have_cuda" = yes])
AM_CONDITIONAL([WITH_NVCC], [test -n "$NVCC" && test "$with_cuda" != no])
])

# The folders of headers and libraries, seen from nvcc itself: a link to it may lie elsewhere. Debian's nvcc has both in
# the compiler's own folders.
AC_DEFUN([ASSAY_CUDA_FILES],
[AC_MSG_CHECKING([for the folder of CUDA])
assay_nvcc_file=`readlink -f "$NVCC"`
assay_cuda=`AS_DIRNAME(["\`AS_DIRNAME(["$assay_nvcc_file"])\`"])`
AC_MSG_RESULT([$assay_cuda])
CUDA_CPPFLAGS=
CUDA_LIBS=
CUDA_CUBLAS_DIR=
for assay_dir in "$assay_cuda/include" "$assay_cuda/targets/$host_cpu-linux/include"; do
  AS_IF([test -z "$CUDA_CPPFLAGS" && test -f "$assay_dir/cuda_runtime_api.h"], [CUDA_CPPFLAGS="-isystem $assay_dir"])
done
for assay_dir in "$assay_cuda/lib64" "$assay_cuda/targets/$host_cpu-linux/lib" "$assay_cuda/lib" \
    "$assay_cuda/lib/$host_cpu-linux-gnu"; do
  AS_IF([test -z "$CUDA_LIBS" && test -f "$assay_dir/libcudart_static.a"],
    [CUDA_LIBS="-L$assay_dir -lcudart_static -ldl -lrt -lpthread"
     CUDA_CUBLAS_DIR=$assay_dir])
done
])

AC_DEFUN([ASSAY_CUDA_TRY],
[assay_saved_cppflags=$CPPFLAGS
assay_saved_libs=$LIBS
CPPFLAGS="$CPPFLAGS $CUDA_CPPFLAGS"
LIBS="$CUDA_LIBS $LIBS"
AC_CHECK_HEADERS([cuda_runtime_api.h cublas_v2.h], [],
  [assay_cuda_problem="no $ac_header beside $NVCC"])
AS_IF([test -z "$assay_cuda_problem"],
  [AC_MSG_CHECKING([for libcudart_static])
   AC_LINK_IFELSE(
     [AC_LANG_PROGRAM([[@%:@include <cuda_runtime_api.h>]], [[int n; return cudaGetDeviceCount(&n) != 0;]])],
     [AC_MSG_RESULT([yes])],
     [AC_MSG_RESULT([no])
      assay_cuda_problem="no libcudart_static.a beside $NVCC"])])
CPPFLAGS=$assay_saved_cppflags
LIBS=$assay_saved_libs
AC_MSG_CHECKING([for the processors that nvcc compiles for])
NVCC_TARGETS=
assay_processors=
assay_known=" `$NVCC --list-gpu-code 2>/dev/null | tr '\n' ' '` "
for assay_processor in ASSAY_CUDA_PROCESSORS; do
  AS_CASE([$assay_known],
    [*" sm_$assay_processor "*],
    [assay_newest=$assay_processor
     assay_processors="$assay_processors sm_$assay_processor"
     NVCC_TARGETS="$NVCC_TARGETS -gencode arch=compute_$assay_processor,code=sm_$assay_processor"])
done
AS_IF([test -n "$assay_processors"],
  [NVCC_TARGETS="$NVCC_TARGETS -gencode arch=compute_$assay_newest,code=compute_$assay_newest"
   AC_MSG_RESULT([$assay_processors, PTX compute_$assay_newest])],
  [AC_MSG_RESULT([none])
   assay_cuda_problem="$NVCC compiles for none of these processors: ASSAY_CUDA_PROCESSORS"])
])

# ASSAY_NO_WARNING(NAME): turns a warning off where the compiler has it.
AC_DEFUN([ASSAY_NO_WARNING],
[AS_VAR_PUSHDEF([assay_known_warning], [assay_cv_warning_$1])
AC_CACHE_CHECK([for -W$1], [assay_known_warning],
  [assay_saved_cflags=$CFLAGS
   CFLAGS="$CFLAGS -Werror -W$1"
   AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int x;]])],
     [AS_VAR_SET([assay_known_warning], [yes])], [AS_VAR_SET([assay_known_warning], [no])])
   CFLAGS=$assay_saved_cflags])
AS_VAR_IF([assay_known_warning], [yes], [ASSAY_WARNINGS="$ASSAY_WARNINGS -Wno-$1"])
AS_VAR_POPDEF([assay_known_warning])
])

# Two of clang's. Loops that it was asked to vectorise and could not: a matter of speed, in code that is right. And a
# constant of an enumeration beside a double: in C it is an int, and our named integer constants are such.
AC_DEFUN([ASSAY_CLANG_WARNINGS],
[ASSAY_NO_WARNING([pass-failed])
ASSAY_NO_WARNING([enum-float-conversion])
])

# Function multiversioning: one source loop, compiled for AVX-512, AVX2 and the baseline, chosen when the program loads.
AC_DEFUN([ASSAY_MULTIVERSION],
[AC_CACHE_CHECK([for __attribute__((target_clones))], [assay_cv_target_clones],
  [assay_saved_cflags=$CFLAGS
   CFLAGS="$CFLAGS -Werror"
   AC_LINK_IFELSE([AC_LANG_SOURCE([[
__attribute__((target_clones("arch=x86-64-v4,arch=x86-64-v3,default")))
int twice(int x);
int twice(int x) { return 2 * x; }
int main(void) { return twice(0); }
]])], [assay_cv_target_clones=yes], [assay_cv_target_clones=no])
   CFLAGS=$assay_saved_cflags])
AC_ARG_ENABLE([multiversion],
  [AS_HELP_STRING([--disable-multiversion], [compile loops for the baseline processor alone])],
  [], [enable_multiversion=$assay_cv_target_clones])
AS_IF([test "$enable_multiversion" = yes],
  [AC_DEFINE([ASSAY_TARGET_CLONES], [1], [Define to 1 to compile hot loops for several processors])])
])

AC_DEFUN([ASSAY_SANITIZERS],
[AC_ARG_ENABLE([sanitizers],
  [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@], [build with sanitizers (default list: address,undefined)])],
  [], [enable_sanitizers=no])
AS_IF([test "$enable_sanitizers" = yes], [enable_sanitizers=address,undefined])
SANITIZER_CFLAGS=
AS_IF([test "$enable_sanitizers" != no],
  [SANITIZER_CFLAGS="-fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer -g"
   enable_multiversion=no
   # Debian has clang's sanitizers in a package of their own.
   assay_cflags=$CFLAGS
   CFLAGS="$CFLAGS $SANITIZER_CFLAGS"
   AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [],
     [AC_MSG_ERROR([$CC cannot link with -fsanitize=$enable_sanitizers; clang needs, on Debian: apt-get install libclang-rt-dev])])
   CFLAGS=$assay_cflags
   AC_DEFINE([ASSAY_SANITIZED], [1], [Define to 1 when sanitizers are compiled in])])
AC_SUBST([SANITIZER_CFLAGS])
AM_CONDITIONAL([WITH_SANITIZERS], [test "$enable_sanitizers" != no])
])

AC_DEFUN([ASSAY_COVERAGE],
[AC_ARG_ENABLE([coverage],
  [AS_HELP_STRING([--enable-coverage], [instrument for gcov; then: make coverage])],
  [], [enable_coverage=no])
COVERAGE_CFLAGS=
AS_IF([test "$enable_coverage" = yes],
  [AC_CHECK_PROG([LCOV], [lcov], [lcov])
   AC_CHECK_PROG([GENHTML], [genhtml], [genhtml])
   AS_IF([test -z "$LCOV" || test -z "$GENHTML"],
     [AC_MSG_WARN([lcov is missing (--enable-coverage)])
      assay_missing="$assay_missing lcov"])
   # Threads would lose counts, and gcov takes the difference for a branch that was taken.
   COVERAGE_CFLAGS="--coverage -fprofile-update=atomic -DASSAY_NO_CLONES"
   # MC/DC: whether each condition decided alone. gcc has it from version 14 on.
   AC_CACHE_CHECK([for -fcondition-coverage], [assay_cv_condition_coverage],
     [assay_saved_cflags=$CFLAGS
      CFLAGS="$CFLAGS -Werror -fcondition-coverage"
      AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int x;]])], [assay_cv_condition_coverage=yes], [assay_cv_condition_coverage=no])
      CFLAGS=$assay_saved_cflags])
   AS_IF([test "$assay_cv_condition_coverage" = yes], [COVERAGE_CFLAGS="$COVERAGE_CFLAGS -fcondition-coverage"])
   # CFLAGS come last, and inlined branches would count once for each caller.
   CFLAGS="$CFLAGS -O0"])
AC_SUBST([COVERAGE_CFLAGS])
AM_CONDITIONAL([WITH_COVERAGE], [test "$enable_coverage" = yes])
])

# Every operation is rounded to its own type (FLT_EVAL_METHOD 0): as it is, or on i386 with SSE2 in place of the x87.
AC_DEFUN([ASSAY_ROUNDING],
[AC_CACHE_CHECK([for the option that rounds every operation], [assay_cv_rounding],
  [assay_saved_cflags=$CFLAGS
   assay_cv_rounding=impossible
   for assay_option in "" "-msse2 -mfpmath=sse"; do
     CFLAGS="$assay_saved_cflags $ASSAY_CFLAGS $assay_option"
     AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
@%:@include <float.h>
int rounds[FLT_EVAL_METHOD == 0 ? 1 : -1];
]])], [AS_IF([test -z "$assay_option"], [assay_cv_rounding="none needed"], [assay_cv_rounding=$assay_option])
       break])
   done
   CFLAGS=$assay_saved_cflags])
AS_CASE([$assay_cv_rounding],
  [impossible], [AC_MSG_ERROR([this processor or compiler computes with more digits than float and double have (FLT_EVAL_METHOD is not 0), so its numbers would differ; compile for a processor with SSE2, or use -fexcess-precision=standard])],
  ["none needed"], [],
  [ASSAY_CFLAGS="$ASSAY_CFLAGS $assay_cv_rounding"])
])
