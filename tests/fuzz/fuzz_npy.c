/* .npy files: the first byte chooses the expected shape, a number, 3, 2 x 3 or 1 x 2 x 3; the rest is the file. */
#include <assay/base/error.h>
#include "fuzz.h"
#include "grade/npy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const size_t counts[] = {1, 3, 6, 6};
    static const size_t shapes[][GRADE_MAX_RANK] = {{0}, {3}, {2, 3}, {1, 2, 3}};
    if (size == 0) {
        return 0;
    }
    double values[6];
    size_t rank = bytes[0] % 4;
    grade_field field = {.name = "y", .rank = rank, .count = counts[rank], .values = values};
    for (size_t i = 0; i < rank; i++) {
        field.shape[i] = shapes[rank][i];
    }
    grade_precision precision = GRADE_F64;
    assay_error error;
    if (assay_npy_decode("x.npy", bytes + 1, size - 1, &field, &precision, &error) == ASSAY_OK) {
        volatile double last = values[field.count - 1];
        (void)last;
    }
    return 0;
}
