/* Reports: whole texts of each format, for one paper of results that were written down by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "grade/battery.h"
#include "grade/catalogue.h"
#include "grade/components.h"
#include "grade/findings.h"
#include "grade/report.h"
#include "support.h"

static grade_catalogue *open_catalogue(void)
{
    assay_error error = {0};
    grade_catalogue *catalogue;
    support_assert_ok(assay_grade_catalogue_open(&catalogue, &error), &error);
    return catalogue;
}

static const grade_component toy = {.name = "toy", .title = "Toy"};
enum { PARTS = 3, CASES = 5 };

static const grade_component other = {.name = "other", .title = "Other"};
static const grade_component *const toy_parts[] = {&toy, NULL};
static const grade_component whole = {.name = "whole", .title = "Whole", .parts = toy_parts};

/* Three components, whose results are written down here. */
typedef struct {
    grade_case cases[PARTS][CASES];
    grade_case *pointers[PARTS][CASES];
    grade_answer answers[PARTS][CASES];
    grade_result results[PARTS][CASES];
    grade_part parts[PARTS];
    grade_battery battery;
    grade_report report;
} paper;

/* clang-format off */
static const grade_result written[PARTS][CASES] = {
    {
        {.verdict = GRADE_PASS, .possible = 1.0, .earned = 1.0},
        {.verdict = GRADE_WRONG, .mistake = "relu.negated", .also = {"any.inexact"}, .solved = "any.inexact",
         .parameter = 0.1234567, .tie_count = 1, .ties = {{.name = {"tanh.lecun", "any.float32"}}}, .possible = 2.0,
         .detail = "y[0]: got 1, expected \"2\""},
        {.verdict = GRADE_WRONG, .mistake = "relu.negated", .also = {"any.inexact"}, .possible = 1.0,
         .detail = "y[1]: got 3, expected 4"},
        {.verdict = GRADE_WRONG, .nearest = "tanh.lecun", .nearest_values = 8, .compared_values = 9, .possible = 1.0,
         .suspect = &toy, .detail = "y[2]: got <5> & 6"},
        {.verdict = GRADE_CRASHED, .detail = "signal 11", .possible = 1.0},
    },
    {
        {.verdict = GRADE_MISSING}, {.verdict = GRADE_MISSING}, {.verdict = GRADE_MISSING}, {.verdict = GRADE_MISSING},
        {.verdict = GRADE_MISSING},
    },
    {
        {.verdict = GRADE_WRONG, .follows = {"relu.negated", "any.float32"}, .possible = 1.0, .earned = 1.0,
         .detail = "loss: got 1, expected 2"},
        {.verdict = GRADE_WRONG, .mistake = "tanh.lecun", .follows = {"any.inexact"}, .possible = 1.5, .earned = 0.5,
         .detail = "loss: got 3, expected 4"},
        {.verdict = GRADE_MISSING, .possible = 1.0, .detail = "no loss"},
        {.verdict = GRADE_MISSING, .possible = 1.0, .detail = "no loss"},
        {.verdict = GRADE_NOT_RUN, .possible = 1.0, .detail = "the time is up"},
    },
};
/* clang-format on */

static void open_paper(paper *p, const grade_catalogue *catalogue)
{
    static const grade_component *const components[PARTS] = {&toy, &other, &whole};
    static const char *const names[CASES] = {"first", "second", "third", "a < b", "last"};
    *p = (paper){.battery = {.seed = 42,
                             .precision = GRADE_F64,
                             .part_count = PARTS,
                             .parts = p->parts,
                             .limits = "by bubblewrap",
                             .seconds = 2.25,
                             .cpu_seconds = 1.5}};
    memcpy(p->results, written, sizeof written);
    for (size_t k = 0; k < PARTS; k++) {
        p->parts[k] = (grade_part){.component = components[k],
                                   .count = CASES,
                                   .cases = p->pointers[k],
                                   .answers = p->answers[k],
                                   .results = p->results[k]};
        for (size_t i = 0; i < CASES; i++) {
            p->cases[k][i].component = components[k];
            snprintf(p->cases[k][i].name, sizeof p->cases[k][i].name, "%s", names[i]);
            p->pointers[k][i] = &p->cases[k][i];
            p->answers[k][i] = (grade_answer){.verdict = p->results[k][i].verdict, .seconds = 0.25};
        }
    }
    p->report = (grade_report){.battery = &p->battery,
                               .catalogue = catalogue,
                               .submission = "ada.so",
                               .title = "Week 3",
                               .score = {.possible = 11.5, .earned = 2.5}};
}

static char *written_report(const paper *p, grade_format format)
{
    assay_error error = {0};
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    support_assert_ok(assay_grade_report_write(&p->report, format, stream, &error), &error);
    fclose(stream);
    return text;
}

/* The whole text of a report, so that no line of it changes unseen. */
static void assert_report(const paper *p, grade_format format, const char *wanted)
{
    char *text = written_report(p, format);
    ck_assert_str_eq(text, wanted);
    free(text);
}


/* As the paper is, and with what changes the head and the foot. */
static void open_second(paper *p, const grade_catalogue *catalogue)
{
    open_paper(p, catalogue);
    p->report.verbose = true;
    p->report.title = "";
    p->report.score = (grade_score){2.0, 2.0};
    p->battery.limits = NULL;
    p->battery.precision = GRADE_F32;
    snprintf(p->battery.suspicion, sizeof p->battery.suspicion, "a sign");
}

/* Every case fails alike; and one that differs. */
static void open_failed(paper *p, const grade_catalogue *catalogue)
{
    open_paper(p, catalogue);
    p->report.score = (grade_score){.possible = 15.0, .earned = 0.0};
    for (size_t k = 0; k < PARTS * CASES; k++) {
        p->results[k / CASES][k % CASES] = (grade_result){
            .verdict = GRADE_CRASHED, .detail = "signal 6", .possible = 1.0};
        p->answers[k / CASES][k % CASES].verdict = GRADE_CRASHED;
    }
}

/* clang-format off */
/* The same cases, whatever else is said of the submission. */
#define GRADESCOPE_TESTS \
    " \"execution_time\": 3,\n" \
    " \"tests\": [\n" \
    "  {\n" \
    "   \"name\": \"Toy: first\",\n" \
    "   \"score\": 1.0,\n" \
    "   \"max_score\": 1.0,\n" \
    "   \"status\": \"passed\",\n" \
    "   \"output\": \"pass\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  },\n" \
    "  {\n" \
    "   \"name\": \"Toy: second\",\n" \
    "   \"score\": 0.0,\n" \
    "   \"max_score\": 2.0,\n" \
    "   \"status\": \"failed\",\n" \
    "   \"output\": \"y[0]: got 1, expected \\\"2\\\"\\nthe result is negated. -y.\\nHint: Which sign " \
    "has your result for a positive input?\\nthe values are right to five digits only. All " \
    "values are nearly right. The differences are not those of single precision, nor of short " \
    "decimals: something approximates.\\nHint: Is there a small number, a clipped value or a " \
    "finite difference in your formula?\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  },\n" \
    "  {\n" \
    "   \"name\": \"Toy: third\",\n" \
    "   \"score\": 0.0,\n" \
    "   \"max_score\": 1.0,\n" \
    "   \"status\": \"failed\",\n" \
    "   \"output\": \"y[1]: got 3, expected 4\\nthe result is negated. -y.\\nHint: Which sign has " \
    "your result for a positive input?\\nthe values are right to five digits only. All values " \
    "are nearly right. The differences are not those of single precision, nor of short " \
    "decimals: something approximates.\\nHint: Is there a small number, a clipped value or a " \
    "finite difference in your formula?\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  },\n" \
    "  {\n" \
    "   \"name\": \"Toy: a < b\",\n" \
    "   \"score\": 0.0,\n" \
    "   \"max_score\": 1.0,\n" \
    "   \"status\": \"failed\",\n" \
    "   \"output\": \"wrong: y[2]: got <5> & 6\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  },\n" \
    "  {\n" \
    "   \"name\": \"Toy: last\",\n" \
    "   \"score\": 0.0,\n" \
    "   \"max_score\": 1.0,\n" \
    "   \"status\": \"failed\",\n" \
    "   \"output\": \"crashed: signal 11\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  },\n" \
    "  {\n" \
    "   \"name\": \"Whole: first\",\n" \
    "   \"score\": 1.0,\n" \
    "   \"max_score\": 1.0,\n" \
    "   \"status\": \"failed\",\n" \
    "   \"output\": \"wrong: loss: got 1, expected 2\\nfollows from relu.negated + any.float32\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  },\n" \
    "  {\n" \
    "   \"name\": \"Whole: second\",\n" \
    "   \"score\": 0.5,\n" \
    "   \"max_score\": 1.5,\n" \
    "   \"status\": \"failed\",\n" \
    "   \"output\": \"loss: got 3, expected 4\\nLeCun's scaled tanh. 1.7159 tanh(2 x / 3). The " \
    "tutorial has tanh x.\\nHint: What is the limit for large x?\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  },\n" \
    "  {\n" \
    "   \"name\": \"Whole: third\",\n" \
    "   \"score\": 0.0,\n" \
    "   \"max_score\": 1.0,\n" \
    "   \"status\": \"failed\",\n" \
    "   \"output\": \"not implemented: no loss\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  },\n" \
    "  {\n" \
    "   \"name\": \"Whole: a < b\",\n" \
    "   \"score\": 0.0,\n" \
    "   \"max_score\": 1.0,\n" \
    "   \"status\": \"failed\",\n" \
    "   \"output\": \"not implemented: no loss\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  },\n" \
    "  {\n" \
    "   \"name\": \"Whole: last\",\n" \
    "   \"score\": 0.0,\n" \
    "   \"max_score\": 1.0,\n" \
    "   \"status\": \"failed\",\n" \
    "   \"output\": \"not run: the time is up\",\n" \
    "   \"visibility\": \"visible\"\n" \
    "  }\n" \
    " ]\n" \
    "}\n"

static const struct {
    void (*open)(paper *p, const grade_catalogue *catalogue);
    grade_format format;
    const char *text;
} texts[] = {
    {open_paper, GRADE_TABLE,
     "Week 3: ada.so\n"
     "seed 42, double precision\n"
     "limits: by bubblewrap\n"
     "\n"
     "  Toy                                            1 of 5 cases        1 /     6 points\n"
     "      second: wrong, y[0]: got 1, expected \"2\"\n"
     "      third: wrong, y[1]: got 3, expected 4\n"
     "      a < b: wrong, y[2]: got <5> & 6\n"
     "      last: crashed, signal 11\n"
     "      >> the result is negated  [relu.negated]\n"
     "         -y.\n"
     "         Hint: Which sign has your result for a positive input?\n"
     "      >> the values are right to five digits only (here: 0.123457)  [any.inexact]\n"
     "         All values are nearly right. The differences are not those of single precision, "
     "nor of\n"
     "         short decimals: something approximates.\n"
     "         Hint: Is there a small number, a clipped value or a finite difference in your "
     "formula?\n"
     "      >> or, with the same values: LeCun's scaled tanh  [tanh.lecun], and single "
     "precision where double was given  [any.float32]\n"
     "      >> differs from the reference; no known mistake, and no two of them, give these "
     "values\n"
     "         this may come from \"Toy\", which is wrong and has no known mistake: mend that "
     "first\n"
     "         measured for this component: 0 of 0 planted mistakes are named (0 by one name "
     "only), 0 of 0 pairs\n"
     "         nearest known mistake: LeCun's scaled tanh  [tanh.lecun], which gives 8 of 9 "
     "values\n"
     "  Other                                          not implemented, not counted\n"
     "  Whole                                          0 of 5 cases      1.5 /   5.5 points\n"
     "      first: wrong, loss: got 1, expected 2\n"
     "      second: wrong, loss: got 3, expected 4\n"
     "      third: not implemented, no loss\n"
     "      last: not run, the time is up\n"
     "      >> follows from: the result is negated  [relu.negated]\n"
     "      >> follows from: single precision where double was given  [any.float32]\n"
     "      >> in this component's own code: right in another convention: LeCun's scaled tanh  "
     "[tanh.lecun]\n"
     "         1.7159 tanh(2 x / 3). The tutorial has tanh x.\n"
     "         Hint: What is the limit for large x?\n"
     "         used by lecun; --convention lecun counts it as right\n"
     "      >> follows from: the values are right to five digits only  [any.inexact]\n"
     "\n"
     "  total                                                           2.5 /  11.5 points\n"
     "\n"
     "  NOT RUN: 1 case. The points are not final: grade it again.\n"},
    {open_second, GRADE_TABLE,
     "ada.so\n"
     "seed 42, single precision\n"
     "\n"
     "  SUSPICION: it may use the reference: a sign\n"
     "  no marks until a teacher has looked at it and names it in the rubric's \"cleared\" "
     "[submission.uses_reference]\n"
     "\n"
     "  Toy                                            1 of 5 cases        1 /     6 points\n"
     "      first: pass\n"
     "      second: wrong, y[0]: got 1, expected \"2\"\n"
     "      third: wrong, y[1]: got 3, expected 4\n"
     "      a < b: wrong, y[2]: got <5> & 6\n"
     "      last: crashed, signal 11\n"
     "      >> the result is negated  [relu.negated]\n"
     "         -y.\n"
     "         Hint: Which sign has your result for a positive input?\n"
     "      >> the values are right to five digits only (here: 0.123457)  [any.inexact]\n"
     "         All values are nearly right. The differences are not those of single precision, "
     "nor of\n"
     "         short decimals: something approximates.\n"
     "         Hint: Is there a small number, a clipped value or a finite difference in your "
     "formula?\n"
     "      >> or, with the same values: LeCun's scaled tanh  [tanh.lecun], and single "
     "precision where double was given  [any.float32]\n"
     "      >> differs from the reference; no known mistake, and no two of them, give these "
     "values\n"
     "         this may come from \"Toy\", which is wrong and has no known mistake: mend that "
     "first\n"
     "         measured for this component: 0 of 0 planted mistakes are named (0 by one name "
     "only), 0 of 0 pairs\n"
     "         nearest known mistake: LeCun's scaled tanh  [tanh.lecun], which gives 8 of 9 "
     "values\n"
     "  Other                                          not implemented, not counted\n"
     "  Whole                                          0 of 5 cases      1.5 /   5.5 points\n"
     "      first: wrong, loss: got 1, expected 2\n"
     "      second: wrong, loss: got 3, expected 4\n"
     "      third: not implemented, no loss\n"
     "      a < b: not implemented, no loss\n"
     "      last: not run, the time is up\n"
     "      >> follows from: the result is negated  [relu.negated]\n"
     "      >> follows from: single precision where double was given  [any.float32]\n"
     "      >> in this component's own code: right in another convention: LeCun's scaled tanh  "
     "[tanh.lecun]\n"
     "         1.7159 tanh(2 x / 3). The tutorial has tanh x.\n"
     "         Hint: What is the limit for large x?\n"
     "         used by lecun; --convention lecun counts it as right\n"
     "      >> follows from: the values are right to five digits only  [any.inexact]\n"
     "         measured for this component: 0 of 0 planted mistakes are named (0 by one name "
     "only), 0 of 0 pairs\n"
     "\n"
     "  total                                                             2 /     2 points, "
     "full marks\n"
     "\n"
     "  NOT RUN: 1 case. The points are not final: grade it again.\n"},
    {open_failed, GRADE_TABLE,
     "Week 3: ada.so\n"
     "seed 42, double precision\n"
     "limits: by bubblewrap\n"
     "\n"
     "  every case: crashed, signal 6\n"
     "\n"
     "  total                                                             0 /    15 points\n"},
    {open_paper, GRADE_TAP,
     "TAP version 13\n"
     "1..15\n"
     "# ada.so, seed 42\n"
     "ok 1 - toy: first\n"
     "not ok 2 - toy: second\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: y[0]: got 1, expected \"2\"\n"
     "  mistake: relu.negated + any.inexact or tanh.lecun + any.float32\n"
     "  ...\n"
     "not ok 3 - toy: third\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: y[1]: got 3, expected 4\n"
     "  mistake: relu.negated + any.inexact\n"
     "  ...\n"
     "not ok 4 - toy: a < b\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: y[2]: got <5> & 6\n"
     "  mistake: unknown\n"
     "  ...\n"
     "not ok 5 - toy: last\n"
     "  ---\n"
     "  verdict: crashed\n"
     "  detail: signal 11\n"
     "  mistake: unknown\n"
     "  ...\n"
     "ok 6 - other: first # SKIP not implemented\n"
     "ok 7 - other: second # SKIP not implemented\n"
     "ok 8 - other: third # SKIP not implemented\n"
     "ok 9 - other: a < b # SKIP not implemented\n"
     "ok 10 - other: last # SKIP not implemented\n"
     "not ok 11 - whole: first\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: loss: got 1, expected 2\n"
     "  mistake: follows from relu.negated + any.float32\n"
     "  ...\n"
     "not ok 12 - whole: second\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: loss: got 3, expected 4\n"
     "  mistake: tanh.lecun\n"
     "  ...\n"
     "not ok 13 - whole: third\n"
     "  ---\n"
     "  verdict: not implemented\n"
     "  detail: no loss\n"
     "  mistake: unknown\n"
     "  ...\n"
     "not ok 14 - whole: a < b\n"
     "  ---\n"
     "  verdict: not implemented\n"
     "  detail: no loss\n"
     "  mistake: unknown\n"
     "  ...\n"
     "not ok 15 - whole: last\n"
     "  ---\n"
     "  verdict: not run\n"
     "  detail: the time is up\n"
     "  mistake: unknown\n"
     "  ...\n"},
    {open_second, GRADE_TAP,
     "TAP version 13\n"
     "1..15\n"
     "# ada.so, seed 42\n"
     "# suspicion: a sign\n"
     "ok 1 - toy: first\n"
     "not ok 2 - toy: second\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: y[0]: got 1, expected \"2\"\n"
     "  mistake: relu.negated + any.inexact or tanh.lecun + any.float32\n"
     "  ...\n"
     "not ok 3 - toy: third\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: y[1]: got 3, expected 4\n"
     "  mistake: relu.negated + any.inexact\n"
     "  ...\n"
     "not ok 4 - toy: a < b\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: y[2]: got <5> & 6\n"
     "  mistake: unknown\n"
     "  ...\n"
     "not ok 5 - toy: last\n"
     "  ---\n"
     "  verdict: crashed\n"
     "  detail: signal 11\n"
     "  mistake: unknown\n"
     "  ...\n"
     "ok 6 - other: first # SKIP not implemented\n"
     "ok 7 - other: second # SKIP not implemented\n"
     "ok 8 - other: third # SKIP not implemented\n"
     "ok 9 - other: a < b # SKIP not implemented\n"
     "ok 10 - other: last # SKIP not implemented\n"
     "not ok 11 - whole: first\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: loss: got 1, expected 2\n"
     "  mistake: follows from relu.negated + any.float32\n"
     "  ...\n"
     "not ok 12 - whole: second\n"
     "  ---\n"
     "  verdict: wrong\n"
     "  detail: loss: got 3, expected 4\n"
     "  mistake: tanh.lecun\n"
     "  ...\n"
     "not ok 13 - whole: third\n"
     "  ---\n"
     "  verdict: not implemented\n"
     "  detail: no loss\n"
     "  mistake: unknown\n"
     "  ...\n"
     "not ok 14 - whole: a < b\n"
     "  ---\n"
     "  verdict: not implemented\n"
     "  detail: no loss\n"
     "  mistake: unknown\n"
     "  ...\n"
     "not ok 15 - whole: last\n"
     "  ---\n"
     "  verdict: not run\n"
     "  detail: the time is up\n"
     "  mistake: unknown\n"
     "  ...\n"},
    {open_second, GRADE_JUNIT,
     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
     "<testsuites>\n"
     "  <!-- seed 42, under the suspicion that it uses the reference -->\n"
     "  <testsuite name=\"toy\" tests=\"5\" failures=\"4\" skipped=\"0\">\n"
     "    <testcase classname=\"toy\" name=\"first\" time=\"0.250000\"></testcase>\n"
     "    <testcase classname=\"toy\" name=\"second\" time=\"0.250000\"><failure type=\"relu.negated + "
     "any.inexact or tanh.lecun + any.float32\" message=\"the result is negated\">y[0]: got 1, "
     "expected &quot;2&quot;</failure></testcase>\n"
     "    <testcase classname=\"toy\" name=\"third\" time=\"0.250000\"><failure type=\"relu.negated + "
     "any.inexact\" message=\"the result is negated\">y[1]: got 3, expected 4</failure></testcase>\n"
     "    <testcase classname=\"toy\" name=\"a &lt; b\" time=\"0.250000\"><failure type=\"wrong\" "
     "message=\"wrong\">y[2]: got &lt;5&gt; &amp; 6</failure></testcase>\n"
     "    <testcase classname=\"toy\" name=\"last\" time=\"0.250000\"><failure type=\"crashed\" "
     "message=\"crashed\">signal 11</failure></testcase>\n"
     "  </testsuite>\n"
     "  <testsuite name=\"other\" tests=\"5\" failures=\"0\" skipped=\"5\">\n"
     "    <testcase classname=\"other\" name=\"first\" time=\"0.250000\"><skipped message=\"not "
     "implemented\"/></testcase>\n"
     "    <testcase classname=\"other\" name=\"second\" time=\"0.250000\"><skipped message=\"not "
     "implemented\"/></testcase>\n"
     "    <testcase classname=\"other\" name=\"third\" time=\"0.250000\"><skipped message=\"not "
     "implemented\"/></testcase>\n"
     "    <testcase classname=\"other\" name=\"a &lt; b\" time=\"0.250000\"><skipped message=\"not "
     "implemented\"/></testcase>\n"
     "    <testcase classname=\"other\" name=\"last\" time=\"0.250000\"><skipped message=\"not "
     "implemented\"/></testcase>\n"
     "  </testsuite>\n"
     "  <testsuite name=\"whole\" tests=\"5\" failures=\"5\" skipped=\"0\">\n"
     "    <testcase classname=\"whole\" name=\"first\" time=\"0.250000\"><failure type=\"follows from "
     "relu.negated + any.float32\" message=\"wrong\">loss: got 1, expected 2</failure></testcase>\n"
     "    <testcase classname=\"whole\" name=\"second\" time=\"0.250000\"><failure type=\"tanh.lecun\" "
     "message=\"LeCun's scaled tanh\">loss: got 3, expected 4</failure></testcase>\n"
     "    <testcase classname=\"whole\" name=\"third\" time=\"0.250000\"><failure type=\"not "
     "implemented\" message=\"not implemented\">no loss</failure></testcase>\n"
     "    <testcase classname=\"whole\" name=\"a &lt; b\" time=\"0.250000\"><failure type=\"not "
     "implemented\" message=\"not implemented\">no loss</failure></testcase>\n"
     "    <testcase classname=\"whole\" name=\"last\" time=\"0.250000\"><failure type=\"not run\" "
     "message=\"not run\">the time is up</failure></testcase>\n"
     "  </testsuite>\n"
     "</testsuites>\n"},
    {open_paper, GRADE_GRADESCOPE,
     "{\n"
     " \"score\": 2.5,\n"
     " \"output\": \"Graded with seed 42. Not run: 1 case. Submit again.\",\n"
     GRADESCOPE_TESTS},
    {open_second, GRADE_GRADESCOPE,
     "{\n"
     " \"score\": 2.0,\n"
     " \"output\": \"Graded with seed 42. There are signs that the submission uses the reference "
     "(a sign): a teacher will look at it. Not run: 1 case. Submit again.\",\n"
     GRADESCOPE_TESTS},
};
/* clang-format on */

START_TEST(reports_are_complete)
{
    grade_catalogue *catalogue = open_catalogue();
    paper p;
    texts[_i].open(&p, catalogue);
    assert_report(&p, texts[_i].format, texts[_i].text);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* What is in JSON for one case, for programs that read it. */
static const json_t *case_of(const json_t *root, size_t component, size_t index)
{
    const json_t *cases = json_object_get(json_array_get(json_object_get(root, "components"), component), "cases");
    return json_array_get(cases, index);
}

/* clang-format off */
static const struct {
    int component, graded; /* -1: what is above it, without what is below */
    const char *text;      /* compact JSON with sorted keys */
} json_texts[] = {
    {-1, -1,
     "{\"cleared\":false,\"cpu_seconds\":1.5,\"findings\":null,\"full_marks\":false,\"limits\":\"by bubbl"
     "ewrap\",\"not_run\":1,\"points\":2.5,\"possible\":11.5,\"precision\":64,\"rubric\":\"Week 3\",\"second"
     "s\":2.25,\"seed\":42,\"submission\":\"ada.so\",\"suspicion\":null}"},
    {0, -1,
     "{\"component\":\"toy\",\"named\":{\"alone\":0,\"named\":0,\"pairs\":0,\"pairs_named\":0,\"planted\":0},\""
     "precision\":64,\"title\":\"Toy\"}"},
    {0, 1,
     "{\"also\":[{\"explanation\":\"All values are nearly right. The differences are not those of s"
     "ingle precision, nor of short decimals: something approximates.\",\"hint\":\"Is there a smal"
     "l number, a clipped value or a finite difference in your formula?\",\"id\":\"any.inexact\",\"n"
     "ame\":\"the values are right to five digits only\"}],\"case\":\"second\",\"detail\":\"y[0]: got 1,"
     " expected \\\"2\\\"\",\"follows\":[],\"mistake\":{\"explanation\":\"-y.\",\"hint\":\"Which sign has your"
     " result for a positive input?\",\"id\":\"relu.negated\",\"name\":\"the result is negated\"},\"near"
     "est\":null,\"number\":0.1234567,\"number_of\":\"any.inexact\",\"points\":0.0,\"possible\":2.0,\"seco"
     "nds\":0.25,\"ties\":[[\"tanh.lecun\",\"any.float32\"]],\"verdict\":\"wrong\"}"},
    {0, 3,
     "{\"also\":[],\"case\":\"a < b\",\"compared_values\":9,\"detail\":\"y[2]: got <5> & 6\",\"follows\":[],"
     "\"may_come_from\":\"toy\",\"mistake\":null,\"nearest\":\"tanh.lecun\",\"nearest_values\":8,\"points\":"
     "0.0,\"possible\":1.0,\"seconds\":0.25,\"ties\":[],\"verdict\":\"wrong\"}"},
    {2, 0,
     "{\"also\":[],\"case\":\"first\",\"detail\":\"loss: got 1, expected 2\",\"follows\":[\"relu.negated\",\""
     "any.float32\"],\"mistake\":null,\"nearest\":null,\"points\":1.0,\"possible\":1.0,\"seconds\":0.25,\""
     "ties\":[],\"verdict\":\"wrong\"}"},
    {2, 1,
     "{\"also\":[],\"case\":\"second\",\"detail\":\"loss: got 3, expected 4\",\"follows\":[\"any.inexact\"],"
     "\"mistake\":{\"explanation\":\"1.7159 tanh(2 x / 3). The tutorial has tanh x.\",\"hint\":\"What i"
     "s the limit for large x?\",\"id\":\"tanh.lecun\",\"name\":\"LeCun's scaled tanh\"},\"nearest\":null"
     ",\"points\":0.5,\"possible\":1.5,\"seconds\":0.25,\"ties\":[],\"verdict\":\"wrong\"}"},
    {2, 4,
     "{\"also\":[],\"case\":\"last\",\"detail\":\"the time is up\",\"follows\":[],\"mistake\":null,\"nearest\""
     ":null,\"points\":0.0,\"possible\":1.0,\"seconds\":0.25,\"ties\":[],\"verdict\":\"not run\"}"},
};
/* clang-format on */

START_TEST(json_is_complete)
{
    grade_catalogue *catalogue = open_catalogue();
    paper p;
    open_paper(&p, catalogue);
    char *text = written_report(&p, GRADE_JSON);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const int component = json_texts[_i].component;
    json_t *part = component < 0 ? root : json_array_get(json_object_get(root, "components"), (size_t)component);
    part = json_texts[_i].graded < 0 ? part
                                     : json_array_get(json_object_get(part, "cases"), (size_t)json_texts[_i].graded);
    json_incref(part);
    json_object_del(part, "components");
    json_object_del(part, "cases");
    char *printed = json_dumps(part, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(printed, json_texts[_i].text);
    free(printed);
    json_decref(part);
    json_decref(root);
    free(text);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* --- the parts of a report ---------------------------------------------------------------------------------------- */

START_TEST(formats_have_names)
{
    static const char *const names[] = {"table", "tap", "junit", "json", "gradescope"};
    grade_format format;
    assay_error error = {0};
    for (int k = 0; k < GRADE_FORMAT_COUNT; k++) {
        support_assert_ok(assay_grade_format_by_name(names[k], &format, &error), &error);
        ck_assert_int_eq((int)format, k);
    }
    support_assert_error(assay_grade_format_by_name("xml", &format, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "no format 'xml'; there are table, tap, junit, json, gradescope");
}
END_TEST

/* The names, once each; nothing for what is not counted, or follows from what is named elsewhere. */
START_TEST(summaries_have_each_name_once)
{
    grade_catalogue *catalogue = open_catalogue();
    assay_error error = {0};
    paper p;
    char *text;
    open_paper(&p, catalogue);
    support_assert_ok(assay_grade_report_summary(&p.report, "; ", &text, &error), &error);
    ck_assert_str_eq(text, "relu.negated + any.inexact or tanh.lecun + any.float32; toy: wrong; toy: crashed; "
                           "whole: not implemented; whole: not run");
    assay_free(text);
    snprintf(p.battery.suspicion, sizeof p.battery.suspicion, "a sign");
    support_assert_ok(assay_grade_report_summary(&p.report, "; ", &text, &error), &error);
    ck_assert_str_eq(text, "submission.uses_reference");
    assay_free(text);
    p.battery.cleared = true;
    for (size_t k = 0; k < PARTS * CASES; k++) {
        p.results[k / CASES][k % CASES] = (grade_result){.verdict = k % 2 == 0 ? GRADE_PASS : GRADE_MISSING};
    }
    support_assert_ok(assay_grade_report_summary(&p.report, "; ", &text, &error), &error);
    ck_assert_str_eq(text, "");
    assay_free(text);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

START_TEST(passed_cases_are_counted)
{
    grade_catalogue *catalogue = open_catalogue();
    paper p;
    open_paper(&p, catalogue);
    ck_assert_uint_eq(assay_grade_passed(&p.parts[0]), 1);
    ck_assert_uint_eq(assay_grade_passed(&p.parts[1]), 0);
    p.results[0][4].verdict = GRADE_PASS;
    ck_assert_uint_eq(assay_grade_passed(&p.parts[0]), 2);
    ck_assert_uint_eq(assay_grade_battery_not_run(&p.battery), 1);
    p.answers[1][2].verdict = GRADE_NOT_RUN;
    ck_assert_uint_eq(assay_grade_battery_not_run(&p.battery), 2);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* Whichever case it is that is not explained. */
START_TEST(what_is_unexplained_is_said)
{
    grade_catalogue *catalogue = open_catalogue();
    for (size_t k = 0; k < CASES; k++) {
        paper p;
        open_paper(&p, catalogue);
        const grade_result unexplained = p.results[0][3];
        for (size_t i = 0; i < CASES; i++) {
            p.results[0][i] = (grade_result){.verdict = GRADE_PASS, .possible = 1.0, .earned = 1.0};
        }
        p.results[0][k] = unexplained;
        char *table = written_report(&p, GRADE_TABLE);
        ck_assert_ptr_nonnull(strstr(table, ">> differs from the reference; no known mistake"));
        ck_assert_ptr_nonnull(strstr(table, "this may come from \"Toy\", which is wrong and has no known mistake"));
        ck_assert_ptr_nonnull(strstr(table,
                                     "nearest known mistake: LeCun's scaled tanh  [tanh.lecun], which gives 8 of "
                                     "9 values\n"));
        free(table);
    }
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* A teacher has cleared it; a part whose tensors are float32 in a submission that declares double precision. */
START_TEST(what_was_cleared_and_how_it_was_judged)
{
    grade_catalogue *catalogue = open_catalogue();
    paper p;
    open_second(&p, catalogue);
    p.battery.cleared = true;
    p.battery.precision = GRADE_F64;
    p.answers[0][0].outputs.count = 1;
    p.answers[0][0].outputs.field[0].single = true;
    char *table = written_report(&p, GRADE_TABLE);
    ck_assert_ptr_nonnull(strstr(table, "  SUSPICION: it may use the reference: a sign\n  cleared by the rubric\n\n"));
    ck_assert_ptr_nonnull(
        strstr(table, "/     6 points\n      judged in single precision: its tensors have no more\n"));
    ck_assert_ptr_null(strstr(table, "5.5 points\n      judged in single precision"));
    ck_assert_ptr_null(strstr(table, "no marks until"));
    char *tap = written_report(&p, GRADE_TAP);
    ck_assert_ptr_nonnull(strstr(tap, "\n# suspicion, cleared: a sign\n"));
    char *json = written_report(&p, GRADE_JSON);
    json_t *root = json_loads(json, 0, NULL);
    const json_t *components = json_object_get(root, "components");
    ck_assert_int_eq(json_integer_value(json_object_get(root, "precision")), 64);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(components, 0), "precision")), 32);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(components, 2), "precision")), 64);
    ck_assert(json_is_true(json_object_get(root, "cleared")));
    ck_assert_str_eq(json_string_value(json_object_get(case_of(root, 0, 3), "may_come_from")), "toy");
    ck_assert_int_eq(json_integer_value(json_object_get(case_of(root, 0, 3), "nearest_values")), 8);
    ck_assert_int_eq(json_integer_value(json_object_get(case_of(root, 0, 3), "compared_values")), 9);
    ck_assert_str_eq(json_string_value(json_object_get(case_of(root, 0, 1), "number_of")), "any.inexact");
    ck_assert(json_real_value(json_object_get(case_of(root, 0, 1), "number")) == 0.1234567);
    json_decref(root);
    char *gradescope = written_report(&p, GRADE_GRADESCOPE);
    ck_assert_ptr_null(strstr(gradescope, "There are signs"));
    free(table);
    free(tap);
    free(json);
    free(gradescope);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* --- findings ----------------------------------------------------------------------------------------------------- */

START_TEST(findings_are_cleaned_and_shown)
{
    static const char reply[] =
        "{\"found\": {\"relu\": {\"name\": \"f\", \"kind\": \"function\", \"where\": \"a.py\", "
        "\"text\": \"f\\u0007, a.py\"},"
        " \"nothing\": {\"text\": \"x\"}, \"tanh\": 3}, \"not_found\": {\"adam\": {\"nearest\": \"Adm\", "
        "\"where\": \"b.py\"},"
        " \"sgd\": {\"nearest\": \"sg\"}}, \"notes\": [\"one\", 2, \"three\"]}";
    static const char *const only[] = {"relu", "tanh", "sgd", "adam", NULL};
    grade_catalogue *catalogue = open_catalogue();
    grade_battery *battery;
    assay_error error = {0};
    json_t *root = json_loads(reply, 0, NULL);
    support_assert_ok(assay_grade_battery_create(1, only, &battery, &error), &error);
    battery->findings = assay_grade_findings(root);
    ck_assert_uint_eq(json_object_size(json_object_get(battery->findings, "found")), 1);
    ck_assert_uint_eq(json_object_size(json_object_get(battery->findings, "not_found")), 2);
    const char *where;
    ck_assert_str_eq(assay_grade_findings_text(battery->findings, "relu"), "f?, a.py");
    ck_assert_ptr_null(assay_grade_findings_text(battery->findings, "adam"));
    ck_assert_str_eq(assay_grade_findings_nearest(battery->findings, "adam", &where), "Adm");
    ck_assert_str_eq(where, "b.py");
    ck_assert_ptr_null(assay_grade_findings_nearest(battery->findings, "tanh", &where));
    ck_assert_ptr_null(where);
    paper p;
    open_paper(&p, catalogue);
    p.report.battery = battery;
    char *table = written_report(&p, GRADE_TABLE);
    char wanted[400];
    snprintf(wanted, sizeof wanted,
             "\n  %s: f?, a.py\n  %s: NOT FOUND; the nearest name is sg, \n"
             "  %s: NOT FOUND; the nearest name is Adm, b.py\n"
             "  1 other components: not found\n  note: one\n  note: \n  note: three\n\n",
             assay_grade_component_by_name("relu")->title, assay_grade_component_by_name("sgd")->title,
             assay_grade_component_by_name("adam")->title);
    ck_assert_msg(strstr(table, wanted) != NULL, "%s\n%s", table, wanted);
    free(table);
    json_decref(root);
    root = json_loads("{\"found\": 3, \"notes\": [\"one\"]}", 0, NULL);
    ck_assert_ptr_null(assay_grade_findings(root));
    json_decref(root);
    assay_grade_battery_destroy(battery);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* At most 24 notes, and at most 239 bytes of each. */
START_TEST(findings_have_an_end)
{
    json_t *root = json_pack("{s:{}, s:[]}", "found", "notes");
    char note[400];
    memset(note, 'a', sizeof note - 1);
    note[sizeof note - 1] = '\0';
    for (int k = 0; k < 30; k++) {
        json_array_append_new(json_object_get(root, "notes"), json_string(note));
    }
    json_t *findings = assay_grade_findings(root);
    const json_t *notes = json_object_get(findings, "notes");
    ck_assert_uint_eq(json_array_size(notes), 24);
    const char *first = json_string_value(json_array_get(notes, 0));
    ck_assert_uint_eq(strlen(first), 239);
    ck_assert_str_eq(first + 230, "aaaaaa...");
    json_decref(findings);
    json_decref(root);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade reports");
    TCase *reports = evidence_case("reports", "property: grade/report, grade/findings; errors: grade/report");
    tcase_add_loop_test(reports, reports_are_complete, 0, (int)(sizeof texts / sizeof texts[0]));
    tcase_add_loop_test(reports, json_is_complete, 0, (int)(sizeof json_texts / sizeof json_texts[0]));
    tcase_add_test(reports, formats_have_names);
    tcase_add_test(reports, summaries_have_each_name_once);
    tcase_add_test(reports, passed_cases_are_counted);
    tcase_add_test(reports, what_is_unexplained_is_said);
    tcase_add_test(reports, what_was_cleared_and_how_it_was_judged);
    tcase_add_test(reports, findings_are_cleaned_and_shown);
    tcase_add_test(reports, findings_have_an_end);
    suite_add_tcase(suite, reports);
    return support_run(suite);
}
