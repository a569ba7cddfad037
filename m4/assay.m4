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
AC_ARG_ENABLE([tests],
  [AS_HELP_STRING([--disable-tests], [build without the test suite (no Check, no GSL)])],
  [], [enable_tests=yes])
AS_IF([test "$enable_tests" = yes],
  [ASSAY_NEED([CHECK], [check >= 0.12], [check], [the test suite; or --disable-tests])
   ASSAY_NEED([GSL], [gsl], [libgsl-dev], [distribution functions of the tests; or --disable-tests])
   # GSL's own BLAS has the same names as OpenBLAS, and would take its place in every test: the tests would be slow, and
   # test something else than the program runs.
   GSL_LIBS="`AS_ECHO(["$GSL_LIBS"]) | $SED 's/-lgslcblas//'` $OPENBLAS_LIBS"])
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
ASSAY_PROGRAM([lcov], [lcov], [lcov])
AC_PATH_PROG([NVCC], [nvcc], [], [$PATH$PATH_SEPARATOR/usr/local/cuda/bin])
AS_IF([test -n "$NVCC"], [assay_have_nvcc="found"], [assay_have_nvcc="not found"])
])

# What clang says of loops that it was asked to vectorise and could not: a matter of speed, in code that is right.
AC_DEFUN([ASSAY_PASS_FAILED],
[AC_CACHE_CHECK([for -Wpass-failed], [assay_cv_pass_failed],
  [assay_saved_cflags=$CFLAGS
   CFLAGS="$CFLAGS -Werror -Wpass-failed"
   AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int x;]])], [assay_cv_pass_failed=yes], [assay_cv_pass_failed=no])
   CFLAGS=$assay_saved_cflags])
AS_IF([test "$assay_cv_pass_failed" = yes], [ASSAY_WARNINGS="$ASSAY_WARNINGS -Wno-pass-failed"])
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
   AC_DEFINE([ASSAY_SANITIZED], [1], [Define to 1 when sanitizers are compiled in])])
AC_SUBST([SANITIZER_CFLAGS])
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
   COVERAGE_CFLAGS="--coverage -O0 -g -DASSAY_NO_CLONES"])
AC_SUBST([COVERAGE_CFLAGS])
AM_CONDITIONAL([WITH_COVERAGE], [test "$enable_coverage" = yes])
])
