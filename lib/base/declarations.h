/*
 * Each public header puts its declarations between these two macros: they have C linkage in C++, and the shared library
 * exports them. It is compiled with -fvisibility=hidden, so it exports what installed headers declare and nothing else.
 */
#ifndef ASSAY_BASE_DECLARATIONS_H
#define ASSAY_BASE_DECLARATIONS_H

#ifdef __cplusplus
#define ASSAY_C_LINKAGE_BEGIN extern "C" {
#define ASSAY_C_LINKAGE_END }
#else
#define ASSAY_C_LINKAGE_BEGIN
#define ASSAY_C_LINKAGE_END
#endif

#ifdef __GNUC__
#define ASSAY_BEGIN_DECLS _Pragma("GCC visibility push(default)") ASSAY_C_LINKAGE_BEGIN
#define ASSAY_END_DECLS ASSAY_C_LINKAGE_END _Pragma("GCC visibility pop")
#else
#define ASSAY_BEGIN_DECLS ASSAY_C_LINKAGE_BEGIN
#define ASSAY_END_DECLS ASSAY_C_LINKAGE_END
#endif

#endif
