#include <assay/tutorial/numbers.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * The mean is compared within 1e-6, all other full-precision numbers within 5e-6: the printed values are sums in
 * float32 on a GPU, whose order differs from ours.
 */
#define FULL_PRECISION ASSAY_COMPARE_RELATIVE, 5e-6, 0
static const assay_printed_number NUMBERS[] = {
    {ASSAY_SECTION_DATA, "Mean", 0.28604060411453247, ASSAY_COMPARE_RELATIVE, 1e-6, 0},
    {ASSAY_SECTION_DATA, "Std", 0.3530242443084717, FULL_PRECISION},
    {ASSAY_SECTION_BATCH, "Mean", 0.009, ASSAY_COMPARE_AS_PRINTED, 0.0, 3},
    {ASSAY_SECTION_BATCH, "Standard deviation", 1.012, ASSAY_COMPARE_AS_PRINTED, 0.0, 3},
    {ASSAY_SECTION_BATCH, "Maximum", 2.022, ASSAY_COMPARE_AS_PRINTED, 0.0, 3},
    {ASSAY_SECTION_BATCH, "Minimum", -0.810, ASSAY_COMPARE_AS_PRINTED, 0.0, 3},
    {ASSAY_SECTION_CONSTANT, "Layer 0 - Variance", 2.0582756996154785, FULL_PRECISION},
    {ASSAY_SECTION_CONSTANT, "Layer 2 - Variance", 13.489118576049805, FULL_PRECISION},
    {ASSAY_SECTION_CONSTANT, "Layer 4 - Variance", 22.100566864013672, FULL_PRECISION},
    {ASSAY_SECTION_CONSTANT, "Layer 6 - Variance", 36.209571838378906, FULL_PRECISION},
    {ASSAY_SECTION_CONSTANT, "Layer 8 - Variance", 14.831439018249512, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_001, "Layer 0 - Variance", 0.07831248641014099, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_001, "Layer 2 - Variance", 0.004064005799591541, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_001, "Layer 4 - Variance", 0.00022317888215184212, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_001, "Layer 6 - Variance", 0.00011556116805877537, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_001, "Layer 8 - Variance", 8.162161248037592e-05, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_01, "Layer 0 - Variance", 8.082208633422852, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_01, "Layer 2 - Variance", 37.87363815307617, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_01, "Layer 4 - Variance", 96.36101531982422, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_01, "Layer 6 - Variance", 237.2630615234375, FULL_PRECISION},
    {ASSAY_SECTION_VARIANCE_01, "Layer 8 - Variance", 303.44244384765625, FULL_PRECISION},
    {ASSAY_SECTION_EQUAL_VARIANCE, "Layer 0 - Variance", 1.0088235139846802, FULL_PRECISION},
    {ASSAY_SECTION_EQUAL_VARIANCE, "Layer 2 - Variance", 1.0696827173233032, FULL_PRECISION},
    {ASSAY_SECTION_EQUAL_VARIANCE, "Layer 4 - Variance", 1.125657081604004, FULL_PRECISION},
    {ASSAY_SECTION_EQUAL_VARIANCE, "Layer 6 - Variance", 1.1308791637420654, FULL_PRECISION},
    {ASSAY_SECTION_EQUAL_VARIANCE, "Layer 8 - Variance", 1.0503977537155151, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "layers.0.weight - Variance", 0.0003991015546489507, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "layers.2.weight - Variance", 0.0007022571517154574, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "layers.4.weight - Variance", 0.0009397325338795781, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "layers.6.weight - Variance", 0.0014803955564275384, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "layers.8.weight - Variance", 0.012549502775073051, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "Layer 0 - Variance", 1.2209526300430298, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "Layer 2 - Variance", 1.5839706659317017, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "Layer 4 - Variance", 1.5429933071136475, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "Layer 6 - Variance", 2.021383047103882, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_IDENTITY, "Layer 8 - Variance", 2.6867828369140625, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "layers.0.weight - Variance", 2.1826384909218177e-05, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "layers.2.weight - Variance", 3.5952674807049334e-05, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "layers.4.weight - Variance", 4.872870340477675e-05, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "layers.6.weight - Variance", 6.269156438065693e-05, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "layers.8.weight - Variance", 0.0004620618128683418, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "Layer 0 - Variance", 1.2046984434127808, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "Layer 2 - Variance", 0.5917537212371826, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "Layer 4 - Variance", 0.2959783673286438, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "Layer 6 - Variance", 0.24997730553150177, FULL_PRECISION},
    {ASSAY_SECTION_XAVIER_TANH, "Layer 8 - Variance", 0.2727622389793396, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "layers.0.weight - Variance", 3.414905950194225e-05, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "layers.2.weight - Variance", 3.843478407361545e-05, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "layers.4.weight - Variance", 4.713246744358912e-05, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "layers.6.weight - Variance", 0.00010930334246950224, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "layers.8.weight - Variance", 0.0017839515348896384, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "Layer 0 - Variance", 1.0256913900375366, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "Layer 2 - Variance", 1.0101124048233032, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "Layer 4 - Variance", 1.0158814191818237, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "Layer 6 - Variance", 1.1398581266403198, FULL_PRECISION},
    {ASSAY_SECTION_KAIMING_RELU, "Layer 8 - Variance", 0.46903371810913086, FULL_PRECISION},
};

enum { NUMBER_COUNT = sizeof NUMBERS / sizeof *NUMBERS };

size_t assay_printed_numbers(assay_section section, const assay_printed_number **numbers)
{
    size_t first = 0;
    while (first < NUMBER_COUNT && NUMBERS[first].section != section) {
        first++;
    }
    size_t end = first;
    while (end < NUMBER_COUNT && NUMBERS[end].section == section) {
        end++;
    }
    *numbers = NUMBERS + first;
    return end - first;
}

double assay_printed_error(const assay_printed_number *number, double ours)
{
    return fabs(ours - number->printed) / fabs(number->printed);
}

bool assay_printed_agrees(const assay_printed_number *number, double ours)
{
    if (number->comparison == ASSAY_COMPARE_RELATIVE) {
        return assay_printed_error(number, ours) <= number->tolerance;
    }
    char our_text[64];
    char printed_text[64];
    snprintf(our_text, sizeof our_text, "%.*f", number->decimals, ours);
    snprintf(printed_text, sizeof printed_text, "%.*f", number->decimals, number->printed);
    return strcmp(our_text, printed_text) == 0;
}
