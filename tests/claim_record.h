/* What a claim says, compared with its record in golden/claims. */
#ifndef ASSAY_TESTS_CLAIM_RECORD_H
#define ASSAY_TESTS_CLAIM_RECORD_H

#include <assay/tutorial/claims.h>

/*
 * golden/claims has what was measured when doc/claims.md was written. These fail the test unless the result has the
 * same texts: names, rules and bounds of the parts, labels of rows and figures; the second also unless the values of
 * the same seeds are equal, and, where there are as many seeds, all numbers.
 */
void claim_record_compare_texts(const assay_claim_result *now);
void claim_record_compare(const assay_claim_result *now);

#endif
