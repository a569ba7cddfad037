/*
 * What the tutorial says in words, tested. A claim is a statement of its prose that an experiment or a calculation can
 * decide. Its descriptor has our paraphrase and a function that measures; the measurement is a list of parts, each with
 * one number for each seed and the region in which the tutorial says that the number lies. The same rules turn the
 * parts of every claim into its verdict (assay_claims_decide), so no verdict is written by hand.
 */
#ifndef ASSAY_TUTORIAL_CLAIMS_H
#define ASSAY_TUTORIAL_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/backend/backend.h>
#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/data/dataset.h>
#include <assay/data/split.h>
#include <assay/report/figure.h>
#include <assay/stats/inference.h>

ASSAY_BEGIN_DECLS

/* --- results ----------------------------------------------------------------------------------------------------- */

enum {
    ASSAY_CLAIM_PARTS = 32,
    ASSAY_CLAIM_ROWS = 32,
    ASSAY_CLAIM_PANELS = 3,
    ASSAY_CLAIM_LINES = 8,
    ASSAY_CLAIM_LABEL = 128,
    ASSAY_CLAIM_TEXT = 768
};

typedef enum {
    ASSAY_CLAIM_HOLDS,
    ASSAY_CLAIM_HOLDS_IN_PART,
    ASSAY_CLAIM_DOES_NOT_HOLD,
    ASSAY_CLAIM_CANNOT_TELL /* at this number of seeds */
} assay_claim_verdict;

/* "holds", "holds in part", "does not hold", "cannot be told at this power". */
const char *assay_claim_verdict_name(assay_claim_verdict verdict);

typedef enum { ASSAY_ANSWER_UNKNOWN, ASSAY_ANSWER_YES, ASSAY_ANSWER_NO } assay_claim_answer;

/* How a part is decided. */
typedef enum {
    ASSAY_PART_MEAN,     /* is the mean over seeds in the region? By one-sided sign-flip tests against its bounds */
    ASSAY_PART_EVERY,    /* is the value of every seed in the region? For what has no luck in it: no test */
    ASSAY_PART_INTERVAL, /* is the 95 % interval of the mean in the region, or wholly outside? Needs 12 seeds */
    ASSAY_PART_GIVEN     /* the same of an interval that was found elsewhere: the values are estimate, lower, upper */
} assay_claim_rule;

/* "mean", "every", "interval", "given". */
const char *assay_claim_rule_name(assay_claim_rule rule);

/* One thing that the claim says, with what was measured. */
typedef struct {
    char name[ASSAY_CLAIM_LABEL];    /* what the tutorial says, as a clause: "the variance stays the same" */
    char measure[ASSAY_CLAIM_LABEL]; /* what the number is: "log2 of the variance at layer 50 over layer 1" */
    char unit[ASSAY_CLAIM_LABEL];    /* "" for none */
    assay_claim_rule rule;
    bool essential; /* without this part the claim does not hold, whatever the others say */
    double low;     /* the part holds if the number is in [low, high]; -INFINITY, INFINITY: no bound */
    double high;
    size_t count;   /* seeds; 0: nothing could be measured */
    double *values; /* one for each seed */
    /* Set by assay_claims_decide. */
    assay_claim_answer answer;
    assay_interval effect; /* of the mean: BCa, 95 %; ASSAY_PART_EVERY: smallest and largest value; or as given */
    double p_inside;       /* of "the mean is not inside", Holm-corrected; NaN without a test */
    double p_outside;      /* of "the mean is inside", Holm-corrected */
    double smallest;       /* distance from a bound that would be seen with probability 0.9; NaN without a test */
} assay_claim_part;

/* A line of the table for readers; texts. */
typedef struct {
    char label[ASSAY_CLAIM_LABEL];
    char expected[ASSAY_CLAIM_LABEL]; /* what the tutorial or the theory says; "" for nothing */
    char measured[ASSAY_CLAIM_LABEL];
} assay_claim_row;

/* A curve, or points, of the figure. */
typedef struct {
    char label[ASSAY_CLAIM_LABEL]; /* "" for none */
    assay_line_style style;
    size_t count;
    double *x; /* [count] */
    double *y; /* [count]; NaN and infinity are gaps */
} assay_claim_line;

typedef struct {
    char title[ASSAY_CLAIM_LABEL];
    char x_label[ASSAY_CLAIM_LABEL];
    char y_label[ASSAY_CLAIM_LABEL];
    char x_names[ASSAY_CLAIM_LABEL]; /* as in assay_figure_axes; "": x is a number */
    bool x_log;
    bool y_log;
    size_t line_count;
    assay_claim_line lines[ASSAY_CLAIM_LINES];
} assay_claim_panel;

/* What a claim was measured with. */
typedef struct {
    char commit[64]; /* of the program, or "" */
    char backend[64];
    char machine[2 * ASSAY_CLAIM_LABEL];
    char options[ASSAY_CLAIM_LABEL]; /* effort and seeds */
    bool recorded;                   /* read from a record; otherwise computed now */
} assay_claim_origin;

typedef struct {
    unsigned number;
    assay_claim_verdict verdict; /* by assay_claims_decide */
    size_t seeds;                /* the largest count among the parts */
    size_t part_count;
    assay_claim_part parts[ASSAY_CLAIM_PARTS]; /* the first is the primary measure */
    size_t row_count;
    assay_claim_row rows[ASSAY_CLAIM_ROWS];
    char note[ASSAY_CLAIM_TEXT];   /* what the numbers show, in a sentence or two */
    char title[ASSAY_CLAIM_LABEL]; /* of the figure */
    char caption[ASSAY_CLAIM_TEXT];
    size_t panel_count; /* 0: no figure */
    assay_claim_panel panels[ASSAY_CLAIM_PANELS];
    assay_claim_origin origin;
} assay_claim_result;

/* Frees the arrays; a zeroed struct is allowed. */
void assay_claim_result_destroy(assay_claim_result *result);

/* --- claims ------------------------------------------------------------------------------------------------------ */

typedef enum {
    ASSAY_CLAIMS_QUICK,   /* measure everything with few seeds: minutes */
    ASSAY_CLAIMS_DEFAULT, /* read records; measure what takes seconds or has no record */
    ASSAY_CLAIMS_FULL     /* measure everything with all seeds: days */
} assay_claims_effort;

/* Called while a claim is measured, with the share that is done, 0 to 1. */
typedef void (*assay_claims_progress)(void *user, double done);

typedef struct {
    assay_backend *f32;
    assay_backend *f64;
    const char *data_folder;
    const assay_dataset *train; /* the training set */
    const assay_dataset *test;
    const assay_split *split; /* of the training set: the tutorial's */
    assay_claims_effort effort;
    size_t seeds;         /* 0: each claim's own number, which depends on the effort */
    uint64_t first_seed;  /* seed i is first_seed + i */
    const char *recorded; /* the folder of the records; NULL: none */
    unsigned threads;
    assay_claims_progress progress; /* NULL: none */
    void *user;
} assay_claims_input;

typedef struct {
    unsigned number;
    const char *cell;       /* of the notebook: "[13]" */
    const char *title;      /* a few words */
    const char *says;       /* the claim in our words */
    const char *decided;    /* the primary measure and the test */
    bool in_seconds;        /* measured anew by default, even if there is a record */
    const char *studies[2]; /* whose records decide it, all that are not NULL; none: it is measured */
    const char *full;       /* how long --full takes where it is long: "about 20 hours on one core"; NULL: not long */
    /* Appends parts, rows, a note and a figure to `result`, which is empty at first (tutorial/claims_impl.h). */
    assay_status (*measure)(const assay_claims_input *input, assay_claim_result *result, assay_error *error);
    /* The verdict, from the answers to the parts; NULL: by the rules of assay_claims_decide. */
    assay_claim_verdict (*verdict)(const assay_claim_result *result);
    /* Which parts hold, where a list of them says too little (assay_claim_condition); NULL: the list. */
    void (*condition)(const assay_claim_result *result, char *text, size_t size);
} assay_claim;

/* In ascending order of their numbers; index < the count. */
size_t assay_claims_count(void);
const assay_claim *assay_claim_at(size_t index);
/* NULL if there is no such claim. */
const assay_claim *assay_claim_by_number(unsigned number);

/*
 * Fills `result`, which the caller frees with assay_claim_result_destroy, also after a failure: from the record in
 * input->recorded, or by measuring, as the effort says. No verdict yet. A record that is damaged is ASSAY_ERROR_FORMAT.
 */
assay_status assay_claim_examine(const assay_claim *claim, const assay_claims_input *input, assay_claim_result *result,
                                 assay_error *error);

/*
 * Decides all parts and all claims. For a part with ASSAY_PART_MEAN there are two hypotheses, "the mean is not inside
 * the region" and "it is inside", each with the p-value of one-sided sign-flip tests; Holm's correction is over all of
 * them in all `count` results, so the probability of any wrong YES or NO is at most 0.05. A part is YES if the first is
 * rejected, NO if the second is, and UNKNOWN otherwise. The claim
 *   does not hold     if an essential part is NO, or all parts are;
 *   cannot be told    if otherwise an essential part is UNKNOWN, or UNKNOWN is the only answer beside YES or beside NO;
 *   holds             if all parts are YES;
 *   holds in part     otherwise;
 * where the claim's descriptor has no rule of its own.
 */
assay_status assay_claims_decide(size_t count, assay_claim_result *results, assay_error *error);

/*
 * "The measured condition": which parts hold and which do not, in one line, for example "holds: a; does not hold: b".
 */
void assay_claim_condition(const assay_claim_result *result, char *text, size_t size);

/* The figure of a result: "claim-17". The caller frees it with assay_figure_destroy. NULL if it has none. */
assay_status assay_claim_figure(const assay_claim_result *result, assay_figure **figure, assay_error *error);

/* --- records ----------------------------------------------------------------------------------------------------- */

/*
 * FOLDER/NN.json: the measurement without the verdict, which is decided anew whenever it is read. Reading fails with
 * ASSAY_ERROR_IO if there is no file and ASSAY_ERROR_FORMAT if it is damaged or another claim's.
 */
assay_status assay_claim_record_write(const assay_claim_result *result, const char *folder, assay_error *error);
assay_status assay_claim_record_read(unsigned number, const char *folder, assay_claim_result *result,
                                     assay_error *error);
/* Whether FOLDER/NN.json exists. Also true if that cannot be found out: reading the record reports the reason then. */
bool assay_claim_record_exists(unsigned number, const char *folder);
/* Whether the claim has studies, and FOLDER has their plans and records: assay_claim_examine needs no data then. True
 * in doubt, too. */
bool assay_claim_studies_exist(const assay_claim *claim, const char *folder);

ASSAY_END_DECLS
#endif
