/* Where the files of a data set of images are: the names and folders that its publishers and torchvision give them. */
#ifndef ASSAY_DATA_FILES_H
#define ASSAY_DATA_FILES_H

#include <assay/base/error.h>
#include <assay/data/dataset.h>

/*
 * The paths of a part's images and labels; the caller frees both with assay_free. ASSAY_ERROR_IO if the folder or a
 * file is missing, ASSAY_ERROR_ARGUMENT if the folder holds several data sets.
 */
assay_status assay_data_files(const char *folder, assay_part part, char **images, char **labels, assay_error *error);

#endif
