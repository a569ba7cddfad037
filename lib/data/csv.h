/* Data sets of your own, from a CSV file. */
#ifndef ASSAY_DATA_CSV_H
#define ASSAY_DATA_CSV_H

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/data/dataset.h>

ASSAY_BEGIN_DECLS

/* Largest file that is read, and largest number of classes. */
#define ASSAY_CSV_LIMIT ((size_t)1 << 30)
enum { ASSAY_CSV_CLASSES = 65536 };

/*
 * Reads one sample from each line: its inputs and then its class, an integer from 0, with commas between them. A first
 * line that begins with a letter or a quotation mark is a header and is skipped, as are empty lines. Numbers have a
 * decimal point and no quotation marks. There are as many classes as the largest label + 1. The caller frees the data
 * set, whose inputs are floats, with assay_dataset_destroy. ASSAY_ERROR_IO if the file cannot be read.
 * ASSAY_ERROR_FORMAT, with file and line, for a line with another number of fields, a field that is not a finite
 * number, a class that is not an integer or is ASSAY_CSV_CLASSES or more, a NUL byte, and no samples at all.
 */
assay_status assay_csv_read(const char *path, assay_dataset *dataset, assay_error *error);

ASSAY_END_DECLS
#endif
