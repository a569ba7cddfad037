/* Claims 1 and 2: the images. */
#include <stdio.h>

#include "tutorial/claims_impl.h"

/* How often each of the 256 grey values occurs. */
static void count_pixels(const assay_dataset *data, double counts[256])
{
    for (size_t i = 0; i < 256; i++) {
        counts[i] = 0.0;
    }
    for (size_t i = 0; i < data->count * data->width; i++) {
        counts[data->pixels[i]]++;
    }
}

typedef struct {
    double mean;
    double std; /* n */
} spread;

/* Of the pixels after normalisation. With `lit` the black pixels are left out. */
static spread normalised_spread(const assay_dataset *data, const double counts[256], bool lit)
{
    double n = 0.0;
    double sum = 0.0;
    double squares = 0.0;
    for (int i = lit ? 1 : 0; i < 256; i++) {
        double value = (i / 255.0 - (double)data->mean) / (double)data->std;
        n += counts[i];
        sum += counts[i] * value;
        squares += counts[i] * value * value;
    }
    double mean = sum / n;
    return (spread){mean, sqrt(squares / n - mean * mean)};
}

/* --- 1 ----------------------------------------------------------------------------------------------------------- */

static assay_status measure_normalised(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    const assay_dataset *const sets[] = {input->train, input->test};
    static const char *const names[] = {"training", "test"};
    double means[2];
    double stds[2];
    for (int i = 0; i < 2; i++) {
        double counts[256];
        count_pixels(sets[i], counts);
        spread found = normalised_spread(sets[i], counts, false);
        means[i] = found.mean;
        stds[i] = found.std;
        char label[64];
        snprintf(label, sizeof label, "%s images: mean, standard deviation", names[i]);
        claim_add_row(result, label, "0, 1", "%.5f, %.5f", found.mean, found.std);
    }
    claim_note(result,
               "Over all pixels of the training images the mean is %.5f and the standard deviation %.5f; the test "
               "images were not used for the two constants and have %.4f and %.4f.",
               means[0], stds[0], means[1], stds[1]);
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "the mean is 0",
                                           .measure = "mean of the normalised pixels, training and test images",
                                           .rule = ASSAY_PART_EVERY,
                                           .low = -0.01,
                                           .high = 0.01},
                             2, means, error));
    return claim_add_part(result,
                          &(claim_part){.name = "the standard deviation is 1",
                                        .measure = "their standard deviation, training and test images",
                                        .rule = ASSAY_PART_EVERY,
                                        .low = 0.99,
                                        .high = 1.01},
                          2, stds, error);
}

const assay_claim assay_claim_1 = {
    .number = 1,
    .cell = "[7]",
    .title = "Normalised pixels",
    .says = "After normalisation the pixels have mean 0 and standard deviation 1.",
    .decided = "Mean and standard deviation over all pixels, computed exactly; within 0.01 of 0 and 1.",
    .in_seconds = true,
    .measure = measure_normalised,
};

/* --- 2 ----------------------------------------------------------------------------------------------------------- */

/* The middle between the smallest and the largest normalised value: 0 for a range without shift. The extremes are
 * black and white, so it depends on the mean and the deviation of the pixels alone. */
static double shift_of(spread grey)
{
    return (0.5 - grey.mean) / grey.std;
}

static spread grey_spread(const double counts[256], bool lit)
{
    const assay_dataset as_they_are = {.mean = 0.0f, .std = 1.0f};
    return normalised_spread(&as_they_are, counts, lit);
}

static assay_status measure_shift(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    double counts[256];
    count_pixels(input->train, counts);
    double pixels = (double)(input->train->count * input->train->width);
    double black = counts[0] / pixels;
    double shift = shift_of(grey_spread(counts, false));
    double without = shift_of(grey_spread(counts, true));
    double grey[256];
    double share[256];
    for (int i = 0; i < 256; i++) {
        grey[i] = i;
        share[i] = counts[i] > 0.0 ? counts[i] / pixels : NAN;
    }
    claim_add_row(result, "share of black pixels", "many", "%.1f %%", 100.0 * black);
    claim_add_row(result, "middle of the range, all pixels", "above 0", "%+.3f", shift);
    claim_add_row(result, "middle of the range if black pixels did not count", NULL, "%+.3f", without);
    claim_note(result,
               "%.1f %% of all pixels are black. The middle of the normalised range is at %+.3f; had the mean and "
               "the deviation been taken over the other pixels alone, it would be at %+.3f.",
               100.0 * black, shift, without);
    claim_figure(result, "Grey values of the training images",
                 "How often each grey value occurs (log scale). Black "
                 "alone, at 0, pulls the mean below the middle.");
    claim_add_panel(result, &(claim_panel){.x_label = "Grey value", .y_label = "Share of the pixels", .y_log = true});
    ASSAY_TRY(claim_add_line(result, NULL, ASSAY_LINE_POINTS, 256, grey, share, error));
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "the range is shifted upwards",
                                           .measure = "middle of the normalised range",
                                           .unit = "standard deviations",
                                           .rule = ASSAY_PART_EVERY,
                                           .essential = true,
                                           .low = 0.1,
                                           .high = INFINITY},
                             1, &shift, error));
    /* Without its cause the shift must be gone: a third of it may remain. */
    double remaining = without / shift;
    return claim_add_part(result,
                          &(claim_part){.name = "black pixels are the cause",
                                        .measure = "the shift without black pixels, over the shift with them",
                                        .rule = ASSAY_PART_EVERY,
                                        .low = -INFINITY,
                                        .high = 1.0 / 3.0},
                          1, &remaining, error);
}

const assay_claim assay_claim_2 = {
    .number = 2,
    .cell = "[8]",
    .title = "Black pixels shift the range",
    .says = "The extremes of a batch are not -1 and 1 but lie higher, because so many pixels are black.",
    .decided =
        "The middle of the normalised range, with the mean and deviation of all pixels and of those that are not "
        "black; at most a third of the shift may remain without black pixels.",
    .in_seconds = true,
    .measure = measure_shift,
};
