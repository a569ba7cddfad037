/*
 * Each public header puts its declarations between these two macros: they have C linkage in C++.
 */
#ifndef ASSAY_BASE_DECLARATIONS_H
#define ASSAY_BASE_DECLARATIONS_H

#ifdef __cplusplus
#define ASSAY_BEGIN_DECLS extern "C" {
#define ASSAY_END_DECLS }
#else
#define ASSAY_BEGIN_DECLS
#define ASSAY_END_DECLS
#endif

#endif
