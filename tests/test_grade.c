/* The judge, the catalogue, requests and replies, .npy files, rubrics: what needs no submission. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "grade/battery.h"
#include "grade/catalogue.h"
#include "grade/components.h"
#include "grade/distribution.h"
#include "grade/exchange.h"
#include "grade/explain.h"
#include "grade/folder.h"
#include "grade/npy.h"
#include "grade/report.h"
#include "grade/search.h"
#include "grade/rubric.h"
#include "grade/shape.h"
#include "grade/text.h"
#include <assay/random/generator.h>
#include "support.h"

static grade_catalogue *open_catalogue(void)
{
    assay_error error = {0};
    grade_catalogue *catalogue;
    support_assert_ok(assay_grade_catalogue_open(&catalogue, &error), &error);
    return catalogue;
}

static grade_battery *draw(uint64_t seed)
{
    assay_error error = {0};
    grade_battery *battery;
    support_assert_ok(assay_grade_battery_create(seed, NULL, &battery, &error), &error);
    return battery;
}

/* --- the catalogue ------------------------------------------------------------------------------------------------ */

static bool has_model(const char *id)
{
    /* clang-format off */
    static const char *const elsewhere[] = {
        "any.float32", "any.short_decimals", "any.inexact", "any.singleton_axis", "any.shape_transposed",
        "any.shape_scalar", "any.shape_batch_axis", "any.shape_vector", "any.wrong_shape", "any.output_not_written",
        "any.output_accumulated", "any.input_modified", "network_gradient.finite_differences",
        "submission.uses_reference", "initializer.seed_ignored",
        "initializer.layers_repeat", "initializer.rows_repeat", "initializer.columns_repeat",
        "initializer.values_repeat", "initializer.other_distribution"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        if (strcmp(id, elsewhere[i]) == 0) {
            return true;
        }
    }
    /* clang-format on */
    size_t count;
    const grade_component *const *components = assay_grade_components(&count);
    if (strcmp(id, "init_constant.random") == 0) { /* named by what its values look like: grade/wild_layers.sh */
        return true;
    }
    for (size_t c = 0; c < count; c++) {
        for (size_t a = 0; a < components[c]->axis_count; a++) {
            for (int k = 1; k < components[c]->axes[a].count; k++) {
                if (strcmp(components[c]->axes[a].ids[k], id) == 0) {
                    return strncmp(id, components[c]->name, strlen(components[c]->name)) == 0 ||
                           strncmp(id, "any.", 4) == 0 ||
                           (components[c]->initializer != NULL && strncmp(id, "initializer.", 12) == 0);
                }
            }
        }
    }
    return false;
}

START_TEST(every_entry_has_a_model)
{
    grade_catalogue *catalogue = open_catalogue();
    ck_assert_uint_ge(assay_grade_catalogue_count(catalogue), 40);
    for (size_t i = 0; i < assay_grade_catalogue_count(catalogue); i++) {
        const grade_mistake *mistake = assay_grade_catalogue_at(catalogue, i);
        ck_assert_msg(has_model(mistake->id), "%s: no model makes this mistake", mistake->id);
        ck_assert_ptr_eq(assay_grade_catalogue_find(catalogue, mistake->id), mistake);
        ck_assert_msg(strncmp(mistake->id, mistake->component, strlen(mistake->component)) == 0,
                      "%s: its component is %s", mistake->id, mistake->component);
        ck_assert_msg(strpbrk(mistake->hint, ";*{") == NULL, "%s: the hint gives the code away", mistake->id);
    }
    assay_grade_catalogue_close(catalogue);
}
END_TEST

START_TEST(every_model_has_an_entry)
{
    grade_catalogue *catalogue = open_catalogue();
    size_t count;
    const grade_component *const *components = assay_grade_components(&count);
    for (size_t c = 0; c < count; c++) {
        for (size_t a = 0; a < components[c]->axis_count; a++) {
            const grade_axis *axis = &components[c]->axes[a];
            for (int k = 1; k < axis->count; k++) {
                const grade_mistake *entry = axis->ids[k] == NULL ? NULL
                                                                  : assay_grade_catalogue_find(catalogue, axis->ids[k]);
                ck_assert_msg(entry != NULL, "%s: level %d of %s has no entry", components[c]->name, k, axis->name);
                ck_assert_msg(strcmp(entry->kind, axis->convention ? "convention" : "mistake") == 0,
                              "%s: its kind is %s", entry->id, entry->kind);
            }
        }
    }
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* golden/named.json has every component, as many mistakes as its models make, and no more names than mistakes. */
START_TEST(shares_are_known)
{
    grade_catalogue *catalogue = open_catalogue();
    size_t count;
    const grade_component *const *components = assay_grade_components(&count);
    for (size_t c = 0; c < count; c++) {
        size_t levels = 0;
        for (size_t a = 0; a < components[c]->axis_count; a++) {
            levels += (size_t)components[c]->axes[a].count - 1;
        }
        const grade_named named = assay_grade_catalogue_named(catalogue, components[c]->name);
        ck_assert_msg(named.planted == levels && named.named <= levels && named.alone <= named.named,
                      "%s: %zu planted, %zu levels", components[c]->name, named.planted, levels);
        ck_assert_uint_le(named.pairs_named, named.pairs);
        ck_assert(levels == 0 || named.named > 0);
    }
    ck_assert_uint_eq(assay_grade_catalogue_named(catalogue, "nothing").planted, 0);
    char text[120];
    assay_grade_named_text(&(grade_named){20, 19, 18, 90, 89}, text, sizeof text);
    ck_assert_str_eq(text, "19 of 20 planted mistakes are named (18 by one name only), 89 of 90 pairs");
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* --- models ------------------------------------------------------------------------------------------------------- */

/* The single levels of a component, numbered from 1; 0 is the tutorial's implementation. */
static int level_count(const grade_component *component)
{
    int count = 1;
    for (size_t a = 0; a < component->axis_count; a++) {
        count += component->axes[a].count - 1;
    }
    return count;
}

/* A number within the range of a free level, and no usual one. */
static double odd_number(const grade_free *range)
{
    return range->lower > 0.0 ? range->lower * pow(range->upper / range->lower, 0.6180339)
                              : range->lower + (range->upper - range->lower) * 0.6180339;
}

static grade_choice choice_of(const grade_component *component, int number)
{
    grade_choice choice = GRADE_TUTORIAL;
    int before = 0;
    for (size_t a = 0; a < component->axis_count && number > 0; a++) {
        if (number - before >= 1 && number - before < component->axes[a].count) {
            choice.level[a] = (unsigned char)(number - before);
        }
        before += component->axes[a].count - 1;
    }
    const grade_free *range = assay_grade_free_level(component, &choice);
    choice.parameter = range == NULL ? 0.0 : odd_number(range);
    return choice;
}

static const char *name_of(const grade_component *component, int number)
{
    const char *names[GRADE_MAX_NAMES] = {"correct"};
    grade_choice choice = choice_of(component, number);
    assay_grade_choice_names(component, &choice, names);
    return names[0];
}

static int number_of(const grade_component *component, const char *id)
{
    int number = 1;
    while (number < level_count(component) && strcmp(name_of(component, number), id) != 0) {
        number++;
    }
    return number;
}

/* What an implementation with these switches answers. */
static void answer_by(grade_part *part, const grade_choice *choice)
{
    for (size_t i = 0; i < part->count; i++) {
        part->component->model(part->cases[i], choice, &part->answers[i].outputs);
        part->answers[i].verdict = GRADE_PASS;
    }
}

static void answer_with(grade_part *part, int number)
{
    grade_choice choice = choice_of(part->component, number);
    answer_by(part, &choice);
}

static void judge(grade_battery *battery)
{
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_judge(battery, &error), &error);
}

static grade_part *part_of(grade_battery *battery, const char *name)
{
    for (size_t p = 0; p < battery->part_count; p++) {
        if (strcmp(battery->parts[p].component->name, name) == 0) {
            return &battery->parts[p];
        }
    }
    ck_abort_msg("no part %s", name);
}

/* The choice with the level of this id beside its own. */
static grade_choice and_level(grade_choice choice, const grade_component *component, const char *id)
{
    grade_choice other = choice_of(component, number_of(component, id));
    for (size_t a = 0; a < component->axis_count; a++) {
        choice.level[a] = choice.level[a] != 0 ? choice.level[a] : other.level[a];
    }
    return choice;
}

/* A part, the composite component that has it, and what is wrong with the part in the composite's code. */
typedef struct {
    grade_battery *battery;
    grade_part *part;
    grade_part *whole;
    grade_upstream parts;
} composite;

/* The part in the composite's code has the level `id`. The battery has these components, which end with NULL. */
static void open_composite_among(composite *c, uint64_t seed, const char *const *components, const char *part,
                                 const char *whole, const char *id)
{
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_create(seed, components, &c->battery, &error), &error);
    c->part = part_of(c->battery, part);
    c->whole = part_of(c->battery, whole);
    c->parts = (grade_upstream){.count = 1};
    c->parts.part[0].component = c->part->component;
    c->parts.part[0].choice = choice_of(c->part->component, number_of(c->part->component, id));
}

static void open_composite(composite *c, uint64_t seed, const char *part, const char *whole, const char *id)
{
    const char *const only[] = {part, whole, NULL};
    open_composite_among(c, seed, only, part, whole, id);
}

/* The composite answers with its own level `id` (NULL: none) beside what is wrong with the part. */
static void answer_composite(composite *c, const char *id)
{
    grade_choice whole = choice_of(c->whole->component, id == NULL ? 0 : number_of(c->whole->component, id));
    whole.upstream = &c->parts;
    answer_by(c->whole, &whole);
}

/* A wrong Adam in a right training loop follows from Adam; a second mistake, of the loop, is named. */
START_TEST(a_composite_follows_from_its_parts)
{
    grade_catalogue *catalogue = open_catalogue();
    composite c;
    open_composite(&c, 4, "adam", "training", "adam.epsilon_in_root");
    for (int second = 0; second < 2; second++) {
        const char *own = second == 0 ? NULL : "training.labels_not_shuffled";
        answer_by(c.part, &c.parts.part[0].choice);
        answer_composite(&c, own);
        c.whole->answers[2].outputs.pool[0] *= 1.0 + 1e-11; /* another order of the sums */
        judge(c.battery);
        const grade_result *result = &c.whole->results[2];
        ck_assert_int_eq(result->verdict, GRADE_WRONG);
        ck_assert_str_eq(result->follows[0], "adam.epsilon_in_root");
        ck_assert(second == 0 ? result->mistake == NULL : strcmp(result->mistake, own) == 0);
        assay_grade_score(c.battery, NULL, catalogue);
        ck_assert(result->earned == (second == 0 ? result->possible : 0.0));
    }
    assay_grade_battery_destroy(c.battery);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* An Adam that is wrong in two ways, within a loop that has one more mistake. */
START_TEST(a_part_may_be_wrong_in_two_ways)
{
    composite c;
    open_composite(&c, 5, "adam", "training", "adam.beta1_for_both");
    grade_choice *adam = &c.parts.part[0].choice;
    *adam = and_level(*adam, c.part->component, "adam.learning_rate_per_step");
    answer_by(c.part, adam);
    answer_composite(&c, "training.order_ignored");
    judge(c.battery);
    const grade_result *result = &c.whole->results[2];
    ck_assert_str_eq(c.part->results[0].also[0], "adam.beta1_for_both");
    ck_assert_str_eq(result->mistake, "training.order_ignored");
    ck_assert_ptr_null(result->also[0]);
    ck_assert_str_eq(result->follows[0], "adam.learning_rate_per_step");
    ck_assert_str_eq(result->follows[1], "adam.beta1_for_both");
    ck_assert_ptr_null(result->follows[2]);
    assay_grade_battery_destroy(c.battery);
}
END_TEST

/* The network's own code has a mistake that the function tanh_gradient does not have, and one of its own. */
START_TEST(a_composite_has_mistakes_of_its_parts)
{
    composite c;
    open_composite(&c, 6, "tanh_gradient", "network_gradient", "tanh_gradient.square_missing");
    answer_with(c.part, 0);
    for (int second = 0; second < 2; second++) {
        const char *own = "network_gradient.not_averaged";
        answer_composite(&c, second == 0 ? NULL : own);
        judge(c.battery);
        const grade_result *result = &c.whole->results[0];
        ck_assert_int_eq(c.part->results[0].verdict, GRADE_PASS);
        ck_assert_str_eq(result->mistake, second == 0 ? "tanh_gradient.square_missing" : own);
        ck_assert(second == 0 ? result->also[0] == NULL : strcmp(result->also[0], "tanh_gradient.square_missing") == 0);
        ck_assert_ptr_null(result->follows[0]);
    }
    assay_grade_battery_destroy(c.battery);
}
END_TEST

static const char *const tanh_network[] = {"tanh", "tanh_gradient", "network_gradient", NULL};

/* Two mistakes of the network itself, a wrong derivative, and a tanh that is wrong where the network never is. */
START_TEST(parts_without_effect_are_no_reason)
{
    composite c;
    open_composite_among(&c, 8, tanh_network, "tanh_gradient", "network_gradient", "tanh_gradient.square_missing");
    answer_by(c.part, &c.parts.part[0].choice);
    answer_with(part_of(c.battery, "tanh"), number_of(&assay_grade_tanh, "tanh.overflow"));
    grade_choice whole = choice_of(c.whole->component, number_of(c.whole->component, "network_gradient.loss_sign"));
    whole = and_level(whole, c.whole->component, "network_gradient.bias_gradient_averaged");
    whole.upstream = &c.parts;
    answer_by(c.whole, &whole);
    judge(c.battery);
    const grade_result *result = &c.whole->results[0];
    ck_assert_str_eq(result->follows[0], "tanh_gradient.square_missing");
    ck_assert_ptr_null(result->follows[1]);
    ck_assert_ptr_nonnull(result->also[0]);
    assay_grade_battery_destroy(c.battery);
}
END_TEST

/* What is wrong in the usual cases has no name, but what is wrong where e^x overflows has one. */
START_TEST(extreme_cases_have_their_own_mistakes)
{
    const char *const only[] = {"tanh", NULL};
    grade_battery *battery;
    assay_error error = {0};
    size_t extreme = 0;
    support_assert_ok(assay_grade_battery_create(9, only, &battery, &error), &error);
    grade_part *part = &battery->parts[0];
    answer_with(part, number_of(part->component, "tanh.overflow"));
    for (size_t i = 0; i < part->count; i++) {
        const grade_field *y = &part->answers[i].outputs.field[0];
        extreme += part->cases[i]->extreme;
        for (size_t k = 0; k < y->count && !part->cases[i]->extreme; k++) {
            y->values[k] = 0.37 * y->values[k] * y->values[k] + 0.05;
        }
    }
    judge(battery);
    ck_assert(extreme > 0 && extreme < part->count);
    for (size_t i = 0; i < part->count; i++) {
        if (part->cases[i]->extreme) {
            ck_assert_str_eq(part->results[i].mistake, "tanh.overflow");
        } else {
            ck_assert_ptr_null(part->results[i].mistake);
        }
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

/* Beside a wrong function that it uses, the network's own code has a mistake that another function does not have. */
START_TEST(a_composite_follows_and_has_a_part_of_its_own)
{
    composite c;
    open_composite_among(&c, 13, tanh_network, "tanh", "network_gradient", "tanh.half_argument");
    answer_by(c.part, &c.parts.part[0].choice);
    answer_with(part_of(c.battery, "tanh_gradient"), 0);
    c.parts.count = 2;
    c.parts.part[1].component = &assay_grade_tanh_gradient;
    c.parts.part[1].choice = choice_of(&assay_grade_tanh_gradient,
                                       number_of(&assay_grade_tanh_gradient, "tanh_gradient.square_missing"));
    answer_composite(&c, NULL);
    judge(c.battery);
    ck_assert_str_eq(c.whole->results[0].mistake, "tanh_gradient.square_missing");
    ck_assert_str_eq(c.whole->results[0].follows[0], "tanh.half_argument");
    assay_grade_battery_destroy(c.battery);
}
END_TEST

/* All answers of a component are rounded: to four decimals beside a mistake or none, or by a relative error. */
START_TEST(roundings_are_named_in_all_cases)
{
    static const struct {
        const char *component;
        const char *made;
        double error; /* 0: four decimals */
        const char *names[2];
        double parameter;
    } forms[] = {
        {"tanh", "tanh.half_argument", 0.0, {"tanh.half_argument", "any.short_decimals"}, 0.0},
        {"tanh", "tanh.half_argument", 3e-6, {"tanh.half_argument", "any.inexact"}, 0.0},
        {"tanh", NULL, 0.0, {"any.short_decimals", NULL}, 4.0},
        {"leaky_relu", "leaky_relu.slope_ignored", 0.0, {"leaky_relu.slope_ignored", "any.short_decimals"}, 0.0}};
    const char *const only[] = {forms[_i].component, NULL};
    grade_battery *battery;
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_create(9, only, &battery, &error), &error);
    grade_part *part = &battery->parts[0];
    answer_with(part, forms[_i].made == NULL ? 0 : number_of(part->component, forms[_i].made));
    for (size_t i = 0; i < part->count; i++) {
        const grade_field *y = &part->answers[i].outputs.field[0];
        for (size_t k = 0; k < y->count; k++) {
            y->values[k] = forms[_i].error == 0.0 ? nearbyint(1e4 * y->values[k]) / 1e4
                                                  : y->values[k] * (1.0 + (k % 2 == 0 ? 1 : -1) * forms[_i].error);
        }
    }
    judge(battery);
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *result = &part->results[i];
        bool named = result->mistake != NULL;
        ck_assert(named || result->verdict == GRADE_PASS);
        ck_assert(!named || strcmp(result->mistake, forms[_i].names[0]) == 0);
        ck_assert(!named || forms[_i].names[1] == NULL || strcmp(result->also[0], forms[_i].names[1]) == 0);
        ck_assert(!named || forms[_i].parameter == 0.0 || result->parameter == forms[_i].parameter);
    }
    ck_assert_ptr_nonnull(part->results[0].mistake);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* Central differences of the network's own loss, for every parameter of a case. */
static void answer_by_differences(const grade_part *part, size_t i, double step)
{
    const grade_choice right = GRADE_TUTORIAL;
    const grade_case *graded = part->cases[i];
    const grade_fields *answers = &part->answers[i].outputs;
    grade_fields moved;
    assay_error error = {0};
    support_assert_ok(assay_grade_fields_like(&graded->outputs, &moved, &error), &error);
    for (size_t f = 1; f < answers->count; f++) { /* "dweight0" is of the input "weight0" */
        const grade_field *input = assay_grade_find(&graded->inputs, answers->field[f].name + 1);
        for (size_t k = 0; k < input->count; k++) {
            double kept = input->values[k];
            double loss[2];
            for (int side = 0; side < 2; side++) {
                input->values[k] = kept + (side == 0 ? -step : step);
                part->component->model(graded, &right, &moved);
                loss[side] = moved.field[0].values[0];
            }
            input->values[k] = kept;
            answers->field[f].values[k] = (loss[1] - loss[0]) / (2.0 * step);
        }
    }
    assay_grade_fields_clear(&moved);
}

/* A gradient of difference quotients is named in all cases in which it is noticed. */
START_TEST(difference_quotients_are_named)
{
    const char *const only[] = {"network_gradient", NULL};
    grade_battery *battery;
    assay_error error = {0};
    size_t wrong = 0;
    support_assert_ok(assay_grade_battery_create(14, only, &battery, &error), &error);
    grade_part *part = &battery->parts[0];
    answer_with(part, 0);
    for (size_t i = 0; i < part->count; i++) {
        answer_by_differences(part, i, 1e-3);
    }
    judge(battery);
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *result = &part->results[i];
        wrong += result->verdict == GRADE_WRONG;
        ck_assert(result->verdict == GRADE_PASS || strcmp(result->mistake, "network_gradient.finite_differences") == 0);
    }
    ck_assert_uint_eq(wrong, part->count);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* Whether two choices of a component have the same outputs, up to roundings. */
static bool same_outputs(const grade_case *graded, const grade_choice *a, const grade_choice *b)
{
    grade_fields of_a;
    grade_fields of_b;
    assay_error error = {0};
    bool same = true;
    support_assert_ok(assay_grade_fields_like(&graded->outputs, &of_a, &error), &error);
    support_assert_ok(assay_grade_fields_like(&graded->outputs, &of_b, &error), &error);
    graded->component->model(graded, a, &of_a);
    graded->component->model(graded, b, &of_b);
    for (size_t i = 0; i < of_a.used; i++) {
        same = same && fabs(of_a.pool[i] - of_b.pool[i]) <= 1e-12 * (1.0 + fabs(of_a.pool[i]));
    }
    assay_grade_fields_clear(&of_a);
    assay_grade_fields_clear(&of_b);
    return same;
}

/*
 * However the network averages the loss, it averages that of a student's own function in the same way. The function's
 * mistake, no maximum subtracted, changes nothing in these cases.
 */
START_TEST(a_parts_loss_is_averaged_in_the_same_way)
{
    static const char *const averages[] = {"network_gradient.not_averaged",
                                           "network_gradient.averaged_twice",
                                           "network_gradient.averaged_over_elements",
                                           "network_gradient.loss_sign",
                                           "network_gradient.loss_summed",
                                           "network_gradient.loss_averaged_over_elements"};
    const char *const only[] = {"network_gradient", NULL};
    grade_battery *battery;
    grade_upstream parts = {.count = 2};
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_create(12, only, &battery, &error), &error);
    const grade_part *whole = &battery->parts[0];
    for (size_t i = 0; i < 2; i++) {
        const grade_component *part = i == 0 ? &assay_grade_cross_entropy : &assay_grade_cross_entropy_gradient;
        int level = number_of(part, i == 0 ? "cross_entropy.max_missing" : "cross_entropy_gradient.max_missing");
        parts.part[i].component = part;
        parts.part[i].choice = choice_of(part, level);
    }
    for (int k = 1; k < level_count(whole->component); k++) {
        bool is_average = strcmp(name_of(whole->component, k), averages[_i]) == 0;
        grade_choice alone = choice_of(whole->component, k);
        grade_choice with_parts = alone;
        with_parts.upstream = &parts;
        for (size_t i = 0; i < whole->count && is_average; i++) {
            ck_assert_msg(same_outputs(whole->cases[i], &alone, &with_parts), "%s, %s", averages[_i],
                          whole->cases[i]->name);
        }
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

/* What lies behind the end of the list of parts does not count. */
START_TEST(parts_behind_the_end_do_not_count)
{
    grade_upstream parts = {.count = 1};
    grade_choice whole = GRADE_TUTORIAL;
    for (size_t i = 0; i < 2; i++) {
        parts.part[i].component = i == 0 ? &assay_grade_relu : &assay_grade_tanh;
        parts.part[i].choice = choice_of(parts.part[i].component, 1);
    }
    whole.upstream = &parts;
    for (int last = 1; last <= 2; last++) {
        parts.count = (size_t)last;
        grade_choice of_tanh = assay_grade_part_choice(&whole, &assay_grade_tanh);
        ck_assert_int_eq(memcmp(of_tanh.level, parts.part[1].choice.level, sizeof of_tanh.level) == 0, last == 2);
    }
}
END_TEST

/* Whether some level of the part, within one of the component's own, changes the case. */
static bool matters(const grade_case *graded, const grade_choice *own, const grade_component *part)
{
    grade_fields without;
    grade_fields with;
    assay_error error = {0};
    bool changed = false;
    support_assert_ok(assay_grade_fields_like(&graded->outputs, &without, &error), &error);
    support_assert_ok(assay_grade_fields_like(&graded->outputs, &with, &error), &error);
    graded->component->model(graded, own, &without);
    grade_upstream parts = {.count = 1};
    parts.part[0].component = part;
    for (int k = 1; k < level_count(part) && !changed; k++) {
        grade_choice whole = *own;
        parts.part[0].choice = choice_of(part, k);
        whole.upstream = &parts;
        graded->component->model(graded, &whole, &with);
        changed = memcmp(without.pool, with.pool, with.used * sizeof *with.pool) != 0;
    }
    assay_grade_fields_clear(&without);
    assay_grade_fields_clear(&with);
    return changed;
}

/* The search leaves parts out that a case does not use: no level of such a part may count in the case. */
START_TEST(parts_that_count_are_used)
{
    static const char *const composites[] = {"network_gradient", "training", NULL};
    grade_battery *battery;
    assay_error error = {0};
    size_t unused = 0;
    support_assert_ok(assay_grade_battery_create(7, composites, &battery, &error), &error);
    const grade_part *whole = &battery->parts[_i % 2];
    const grade_component *component = whole->component;
    for (int own = _i / 2; own < level_count(component); own += 4) {
        const grade_choice base = choice_of(component, own);
        for (size_t i = 0; i < whole->count; i++) {
            for (const grade_component *const *part = component->parts; *part != NULL; part++) {
                bool used = component->uses(whole->cases[i], &base, *part);
                unused += !used;
                ck_assert_msg(used || !matters(whole->cases[i], &base, *part), "%s, %s, %s", whole->cases[i]->name,
                              name_of(component, own), (*part)->name);
            }
        }
    }
    ck_assert_uint_gt(unused, 0);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* An SGD that nobody knows: in runs with another optimizer the loop's own mistake is named as ever. */
START_TEST(cases_beside_an_unexplained_part_are_explained)
{
    composite c;
    open_composite(&c, 8, "sgd", "training", "sgd.learning_rate_per_step");
    grade_choice *sgd = &c.parts.part[0].choice;
    *sgd = and_level(*sgd, c.part->component, "sgd.gradient_normalised");
    *sgd = and_level(*sgd, c.part->component, "sgd.gradient_accumulated");
    answer_by(c.part, sgd);
    answer_composite(&c, "training.order_ignored");
    judge(c.battery);
    ck_assert(assay_grade_is_unexplained(&c.part->results[0]));
    for (size_t i = 0; i < c.whole->count; i++) {
        const grade_result *result = &c.whole->results[i];
        const char *name = c.whole->cases[i]->name;
        bool by_sgd = strncmp(name, "SGD", 3) == 0;
        ck_assert_int_eq(result->verdict, GRADE_WRONG);
        ck_assert_ptr_eq(result->suspect, by_sgd ? c.part->component : NULL);
        ck_assert_msg(by_sgd ? assay_grade_is_unexplained(result)
                             : result->mistake != NULL && strcmp(result->mistake, "training.order_ignored") == 0 &&
                                   result->also[0] == NULL,
                      "%s: %s", name, result->mistake == NULL ? "no name" : result->mistake);
    }
    assay_grade_battery_destroy(c.battery);
}
END_TEST

/* A training loop has a mistake of its own and, in its own code, a fixed epsilon, which is solved for. */
START_TEST(a_number_within_a_composite_is_solved_for)
{
    composite c;
    open_composite(&c, 9, "adam", "training", "adam.epsilon_ignored");
    c.parts.part[0].choice.parameter = 3e-5;
    answer_with(c.part, 0);
    answer_composite(&c, "training.loss_summed");
    judge(c.battery);
    const grade_result *result = &c.whole->results[2];
    ck_assert_str_eq(result->mistake, "training.loss_summed");
    ck_assert_str_eq(result->also[0], "adam.epsilon_ignored");
    ck_assert_str_eq(result->solved, "adam.epsilon_ignored");
    ck_assert_double_eq_tol(result->parameter, 3e-5, 1e-9);
    assay_grade_battery_destroy(c.battery);
}
END_TEST

/* --- coincidences ------------------------------------------------------------------------------------------------- */

/* The factors that mistakes multiply with, as monomials in these. 2 is a power of sqrt 2, and 6 is 2 times 3. */
enum { ROOT_2, THREE, CLASSES, ROWS, OTHER_ROWS, BETA1, FRESH1, BETA2, FRESH2, SYMBOLS };

typedef struct {
    int powers[SYMBOLS];
} monomial;

enum { MAX_FACTORS = 64 };

/* The usual factors of a case and their inverses; first the number 1. */
static size_t list_factors(const double values[SYMBOLS], monomial factors[MAX_FACTORS])
{
    static const monomial numbers[] = {{.powers = {[ROOT_2] = 2}}, {.powers = {[ROOT_2] = 2, [THREE] = 1}}};
    size_t count = 1;
    memset(factors, 0, MAX_FACTORS * sizeof *factors);
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int s = 0; s < SYMBOLS; s++) {
            if (values[s] > 0.0) {
                factors[count++].powers[s] = sign;
            }
        }
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++, count++) {
            for (int s = 0; s < SYMBOLS; s++) {
                factors[count].powers[s] = sign * numbers[k].powers[s];
            }
        }
    }
    ck_assert_uint_le(count, MAX_FACTORS);
    return count;
}

static double value_of(const double values[SYMBOLS], const monomial *product)
{
    double value = 1.0;
    for (int s = 0; s < SYMBOLS; s++) {
        value *= product->powers[s] == 0 ? 1.0 : pow(values[s], product->powers[s]);
    }
    return value;
}

/* Fails where two products of up to two factors are different monomials and nearly the same number. */
static size_t count_coincidences(const char *name, const double values[SYMBOLS])
{
    static monomial products[MAX_FACTORS * MAX_FACTORS];
    monomial factors[MAX_FACTORS];
    size_t count = list_factors(values, factors);
    size_t made = 0;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i; j < count; j++, made++) {
            for (int s = 0; s < SYMBOLS; s++) {
                products[made].powers[s] = factors[i].powers[s] + factors[j].powers[s];
            }
            double value = value_of(values, &products[made]);
            for (size_t k = 0; k < made; k++) {
                bool same = memcmp(&products[k], &products[made], sizeof products[k]) == 0;
                if (!same && fabs(value / value_of(values, &products[k]) - 1.0) < 1e-3) {
                    found += fprintf(stderr, found > 3 ? "." : "%s: two products are %g\n", name, value) > 0;
                }
            }
        }
    }
    return found;
}

/* The rows of the largest and of the smallest batch. */
static void batch_rows(const grade_field *order, double values[SYMBOLS])
{
    values[ROWS] = (double)order->shape[1];
    for (size_t s = 0; s < order->shape[0]; s++) {
        double rows = 0.0;
        for (size_t r = 0; r < order->shape[1]; r++) {
            rows += order->values[s * order->shape[1] + r] >= 0.0;
        }
        values[OTHER_ROWS] = rows < values[ROWS] ? rows : values[OTHER_ROWS];
    }
}

/* In each training case, and in the first cases of the network, read from the battery itself. */
START_TEST(usual_factors_do_not_coincide)
{
    grade_battery *battery = draw(9);
    const grade_part *parts[] = {part_of(battery, "training"), part_of(battery, "network_gradient")};
    size_t found = 0;
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < (p == 0 ? parts[p]->count : 2); i++) {
            const grade_fields *inputs = &parts[p]->cases[i]->inputs;
            const grade_field *sizes = assay_grade_find(inputs, "sizes");
            double values[SYMBOLS] = {[ROOT_2] = sqrt(2.0), [THREE] = 3.0, [CLASSES] = sizes->values[sizes->count - 1]};
            values[ROWS] = (double)assay_grade_find(inputs, "labels")->count;
            if (p == 0) {
                batch_rows(assay_grade_find(inputs, "order"), values);
                values[BETA1] = assay_grade_number(inputs, "beta1");
                values[FRESH1] = 1.0 - values[BETA1];
                values[BETA2] = assay_grade_number(inputs, "beta2");
                values[FRESH2] = 1.0 - values[BETA2];
            }
            found += count_coincidences(parts[p]->cases[i]->name, values);
        }
    }
    ck_assert_uint_eq(found, 0);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* Batches of 4 rows and 1 - beta1 = 1/4 were taken for each other once. */
START_TEST(coincidences_are_seen)
{
    const double values[SYMBOLS] = {
        [ROOT_2] = sqrt(2.0), [THREE] = 3.0, [CLASSES] = 7.0, [ROWS] = 5.0, [BETA1] = 0.8, [FRESH1] = 0.2001};
    ck_assert_uint_gt(count_coincidences("1 - beta1 is 1/5", values), 0);
}
END_TEST

START_TEST(the_correct_model_is_not_accused)
{
    grade_battery *battery = draw((uint64_t)_i + 500);
    for (size_t p = 0; p < battery->part_count; p++) {
        if (battery->parts[p].component->model != NULL) {
            answer_with(&battery->parts[p], 0);
        }
    }
    judge(battery);
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; battery->parts[p].component->model != NULL && i < battery->parts[p].count; i++) {
            ck_assert_int_eq(battery->parts[p].results[i].verdict, GRADE_PASS);
        }
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

START_TEST(an_unknown_mistake_is_not_named)
{
    grade_battery *battery = draw(3);
    for (size_t p = 0; p < battery->part_count; p++) {
        grade_part *part = &battery->parts[p];
        if (part->component->model == NULL) {
            continue;
        }
        answer_with(part, 0);
        double *last = part->answers[0].outputs.field[0].values;
        last[0] += 3.0 * fabs(last[0]) + 1.0;
        judge(battery);
        ck_assert_int_eq(part->results[0].verdict, GRADE_WRONG);
        ck_assert_msg(part->results[0].mistake == NULL, "%s: taken for %s", part->component->name,
                      part->results[0].mistake);
        ck_assert_ptr_nonnull(strstr(part->results[0].detail, ": got "));
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

START_TEST(one_seed_gives_one_battery)
{
    grade_battery *a = draw(77);
    grade_battery *b = draw(77);
    grade_battery *c = draw(78);
    for (size_t p = 0; p < a->part_count; p++) {
        const grade_fields *first = &a->parts[p].cases[0]->inputs;
        size_t bytes = first->used * sizeof(double);
        ck_assert_mem_eq(first->pool, b->parts[p].cases[0]->inputs.pool, bytes);
        ck_assert_msg(memcmp(first->pool, c->parts[p].cases[0]->inputs.pool, bytes) != 0,
                      "%s: the same inputs for two seeds", a->parts[p].component->name);
    }
    assay_grade_battery_destroy(a);
    assay_grade_battery_destroy(b);
    assay_grade_battery_destroy(c);
}
END_TEST

/* --- distributions ------------------------------------------------------------------------------------------------ */

static bool fits(grade_distribution hypothesis, size_t count, const double *values)
{
    assay_moments moments = assay_moments_f64(count, values);
    double z;
    return assay_grade_distribution_fits(hypothesis, count, values, &moments, &z);
}

START_TEST(distributions_are_told_apart)
{
    enum { COUNT = 8000 };
    /* clang-format off */
    static const struct {
        assay_distribution drawn;
        grade_distribution hypothesis;
        bool fits;
    /* clang-format off */
    } cases[] = {
        {{ASSAY_NORMAL, 0.0, 0.1}, {GRADE_NORMAL, 0.1}, true},
        {{ASSAY_NORMAL, 0.0, 0.1}, {GRADE_EITHER, 0.1}, true},
        {{ASSAY_NORMAL, 0.0, 0.1}, {GRADE_NORMAL, 0.112}, false}, /* the smallest wrong deviation that is still seen */
        {{ASSAY_NORMAL, 0.02, 0.1}, {GRADE_NORMAL, 0.1}, false},
        {{ASSAY_UNIFORM, -0.17320508, 0.17320508}, {GRADE_NORMAL, 0.1}, false},
        {{ASSAY_UNIFORM, -0.17320508, 0.17320508}, {GRADE_EITHER, 0.1}, true},
        {{ASSAY_UNIFORM, -0.1, 0.1}, {GRADE_EITHER, 0.1}, false},
        {{ASSAY_UNIFORM, 0.0, 0.1}, {GRADE_POSITIVE, 0.1}, true},
        {{ASSAY_UNIFORM, 0.0, 0.1}, {GRADE_CONSTANT, 0.0}, false},
        {{ASSAY_UNIFORM, 0.0, 0.1}, {GRADE_RANDOM, 0.0}, true},
        {{ASSAY_UNIFORM, 0.5, 0.5}, {GRADE_CONSTANT, 0.5}, true},
        {{ASSAY_UNIFORM, 0.5, 0.5}, {GRADE_RANDOM, 0.0}, false},
    };
    /* clang-format on */
    /* clang-format on */
    static float drawn[COUNT];
    static double values[COUNT];
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 5, 0);
    assay_generator_fill(&generator, cases[_i].drawn, COUNT, drawn);
    for (size_t i = 0; i < COUNT; i++) {
        values[i] = (double)drawn[i];
    }
    ck_assert_int_eq(fits(cases[_i].hypothesis, COUNT, values), cases[_i].fits);
    values[17] = NAN;
    ck_assert(!fits(cases[_i].hypothesis, COUNT, values));
}
END_TEST

/* --- draws that are none ------------------------------------------------------------------------------------------ */

enum { FRESH, COARSE, REVERSED, SHUFFLED_WEIGHT, BIAS_OF_WEIGHT, NEGATED, QUANTILES, SHUFFLED_ROWS, PATTERNS };

/* From a generator of 15 bits, as some C libraries have, made normal. */
static double coarse_normal(assay_mt19937 *random)
{
    double a = ((assay_mt19937_random32(random) & 0x7fff) + 0.5) / 32768.0;
    double b = (assay_mt19937_random32(random) & 0x7fff) / 32768.0;
    return sqrt(-2.0 * log(a)) * cos(6.283185307179586 * b);
}

static void copy_scaled(const grade_field *to, const grade_field *from, size_t step, double factor)
{
    size_t count = to->count < from->count ? to->count : from->count;
    for (size_t i = 0; i < count; i++) {
        to->values[i] = factor * from->values[i * step % from->count];
    }
}

/* Standard normal quantiles in a shuffled order: the distribution is perfect, and nothing was drawn. */
static void fill_quantiles(const grade_field *field, double std)
{
    for (size_t i = 0; i < field->count; i++) {
        double p = ((double)(i * 7919 % field->count) + 0.5) / (double)field->count;
        double low = -10.0;
        double high = 10.0;
        for (int k = 0; k < 60; k++) {
            double middle = 0.5 * (low + high);
            *(0.5 * erfc(-middle / sqrt(2.0)) < p ? &low : &high) = middle;
        }
        field->values[i] = std * low;
    }
}

static void fill_pattern(int pattern, const grade_fields *outputs, double std, assay_mt19937 *random)
{
    for (size_t f = 0; f < outputs->count; f++) {
        const grade_field *field = &outputs->field[f];
        for (size_t i = 0; i < field->count; i++) {
            double fine = (double)(assay_mt19937_random32(random) >> 8) * 0x1p-24;
            double angle = (double)(assay_mt19937_random32(random) >> 8) * 0x1p-24;
            double normal = sqrt(-2.0 * log(1.0 - fine)) * cos(6.283185307179586 * angle);
            field->values[i] = std * (pattern == COARSE ? coarse_normal(random) : normal);
        }
    }
    const grade_field *weight = &outputs->field[0];
    switch (pattern) {
    case REVERSED:
        for (size_t i = 0; i < outputs->field[2].count && i < weight->count; i++) {
            outputs->field[2].values[i] = weight->values[weight->count - 1 - i];
        }
        break;
    case SHUFFLED_WEIGHT: copy_scaled(&outputs->field[4], &outputs->field[2], 7919, 1.0); break;
    case BIAS_OF_WEIGHT: copy_scaled(&outputs->field[3], &outputs->field[4], 7919, 1.0); break;
    case NEGATED: copy_scaled(&outputs->field[4], &outputs->field[2], 1, -1.0); break;
    case QUANTILES: fill_quantiles(weight, std); break;
    case SHUFFLED_ROWS:
        for (size_t i = weight->shape[1]; i < weight->count; i++) {
            weight->values[i] = weight->values[(i * 7 + i / weight->shape[1]) % weight->shape[1]];
        }
        break;
    default: break;
    }
}

START_TEST(draws_that_are_none_are_found)
{
    static const char *const only[] = {"init_normal", NULL};
    /* clang-format off */
    static const char *const wanted[PATTERNS] = {
        [REVERSED] = "initializer.layers_repeat",      [SHUFFLED_WEIGHT] = "initializer.layers_repeat",
        [BIAS_OF_WEIGHT] = "initializer.layers_repeat", [NEGATED] = "initializer.layers_repeat",
        [QUANTILES] = "initializer.seed_ignored",       [SHUFFLED_ROWS] = "initializer.rows_repeat",
    };
    /* clang-format on */
    grade_battery *battery;
    assay_error error = {0};
    assay_mt19937 random;
    support_assert_ok(assay_grade_battery_create((uint64_t)_i + 1, only, &battery, &error), &error);
    assay_mt19937_seed(&random, (uint32_t)_i);
    grade_part *part = &battery->parts[0];
    for (size_t i = 0; i < part->count; i++) {
        double std = assay_grade_number(&part->cases[i]->inputs, "std");
        fill_pattern(_i % PATTERNS, &part->answers[i].outputs, std, &random);
        part->answers[i].verdict = GRADE_PASS;
    }
    judge(battery);
    for (size_t i = 0; i < part->count; i++) {
        const char *found = part->results[i].mistake;
        const char *expected = wanted[_i % PATTERNS];
        ck_assert_msg(found == expected || (found != NULL && expected != NULL && strcmp(found, expected) == 0),
                      "pattern %d, case %zu: %s, %s", _i % PATTERNS, i, found == NULL ? "none" : found,
                      part->results[i].detail);
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

/* Fresh draws of init_normal: an answer for each case. Every value is a multiple of the standard deviation / `grid`. */
static grade_battery *fresh_draws(const char *const *only, double grid)
{
    grade_battery *battery;
    assay_error error = {0};
    assay_mt19937 random;
    support_assert_ok(assay_grade_battery_create(3, only, &battery, &error), &error);
    assay_mt19937_seed(&random, 4);
    grade_part *part = &battery->parts[0];
    for (size_t i = 0; i < part->count; i++) {
        double std = assay_grade_number(&part->cases[i]->inputs, "std");
        const grade_fields *outputs = &part->answers[i].outputs;
        fill_pattern(FRESH, outputs, std, &random);
        for (size_t f = 0; f < outputs->count && grid > 0.0; f++) {
            for (size_t k = 0; k < outputs->field[f].count; k++) {
                outputs->field[f].values[k] = std * nearbyint(outputs->field[f].values[k] / std * grid) / grid;
            }
        }
        part->answers[i].verdict = GRADE_PASS;
    }
    return battery;
}

static void assert_draws(const grade_result *result, const char *mistake, const char *detail)
{
    ck_assert_str_eq(result->mistake == NULL ? "none" : result->mistake, mistake);
    ck_assert_msg(strstr(result->detail, detail) != NULL, "%s", result->detail);
}

/* Columns that repeat each other are judged once: their values are a right sample, and nothing else is wrong. */
START_TEST(repeated_columns_are_one_sample)
{
    static const char *const only[] = {"init_normal", NULL};
    grade_battery *battery = fresh_draws(only, 0.0);
    grade_part *part = &battery->parts[0];
    const grade_field *weight = &part->answers[0].outputs.field[2];
    for (size_t i = 0; i < weight->count; i++) {
        weight->values[i] = weight->values[i - i % weight->shape[1]];
    }
    judge(battery);
    assert_draws(&part->results[0], "initializer.columns_repeat", "columns of weight1 repeat each other");
    ck_assert_ptr_null(part->results[0].also[0]);
    ck_assert_ptr_null(strstr(part->results[0].detail, "expected"));
    assay_grade_battery_destroy(battery);
}
END_TEST

/* A mistake of one case's draws is that case's, and one of two cases is of both. */
START_TEST(draws_are_judged_in_their_case)
{
    static const char *const only[] = {"init_normal", NULL};
    for (size_t own = 0; own < 2; own++) {
        grade_battery *battery = fresh_draws(only, 0.0);
        grade_part *part = &battery->parts[0];
        ck_assert_uint_eq(part->count, 2);
        const grade_field *weight = &part->answers[own].outputs.field[2];
        for (size_t i = weight->shape[1]; i < weight->count; i++) {
            weight->values[i] = weight->values[i % weight->shape[1]];
        }
        judge(battery);
        assert_draws(&part->results[own], "initializer.rows_repeat", "rows of weight1 repeat each other");
        assert_draws(&part->results[1 - own], "none", "");
        for (size_t i = 0; i < weight->count; i++) { /* nine numbers, in no order */
            weight->values[i] = 0.01 * (double)(1 + (i * i + i / 7 * 5 + i / 113) % 9) * (i % 2 == 0 ? 1.0 : -1.0);
        }
        judge(battery);
        char few[80];
        snprintf(few, sizeof few, "weight1 has 9 different values among %zu", weight->count);
        assert_draws(&part->results[own], "initializer.values_repeat", few);
        assert_draws(&part->results[1 - own], "none", "");
        assay_grade_battery_destroy(battery);
    }
    grade_battery *battery = fresh_draws(only, 0.0);
    grade_part *part = &battery->parts[0];
    const grade_field *weight = &part->answers[0].outputs.field[0];
    const grade_fields *last = &part->answers[1].outputs;
    const grade_field *bias = &last->field[last->count - 1];
    copy_scaled(bias, weight, 7919,
                assay_grade_number(&part->cases[1]->inputs, "std") /
                    assay_grade_number(&part->cases[0]->inputs, "std"));
    judge(battery);
    assert_draws(&part->results[0], "initializer.seed_ignored", "weight0 has the draws that another seed gave bias3");
    assert_draws(&part->results[1], "initializer.seed_ignored", "bias3 has the draws that another seed gave weight0");
    assay_grade_battery_destroy(battery);
}
END_TEST

/* Two tensors of a coarse generator share most values by chance. */
START_TEST(coarse_draws_are_draws)
{
    static const char *const only[] = {"init_normal", NULL};
    grade_battery *battery = fresh_draws(only, 2048.0);
    judge(battery);
    for (size_t i = 0; i < battery->parts[0].count; i++) {
        assert_draws(&battery->parts[0].results[i], "none", "");
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

/* One number, with both signs or with one, also behind a zero. */
START_TEST(one_number_with_both_signs_is_none)
{
    static const char *const only[] = {"init_normal", NULL};
    static const double signs[][3] = {{1.0, 1.0, -1.0}, {0.0, 1.0, -1.0}, {0.0, -1.0, -1.0}, {-1.0, -1.0, -1.0}};
    for (size_t k = 0; k < sizeof signs / sizeof signs[0]; k++) {
        grade_battery *battery = fresh_draws(only, 0.0);
        const grade_field *weight = &battery->parts[0].answers[0].outputs.field[0];
        for (size_t i = 0; i < weight->count; i++) {
            weight->values[i] = 0.02 * signs[k][i < 2 ? i : 1 + i * 7919 % 11 % 2];
        }
        judge(battery);
        const grade_result *result = &battery->parts[0].results[0];
        ck_assert_int_eq(result->verdict, GRADE_WRONG);
        ck_assert_int_eq(result->mistake != NULL && strcmp(result->mistake, "initializer.values_repeat") == 0, k < 2);
        ck_assert_int_eq(strstr(result->detail, "weight0 has 1 different values") != NULL, k < 2);
        assay_grade_battery_destroy(battery);
    }
}
END_TEST

/* A fixed standard deviation: the number that solves it, and what was expected in its place. */
START_TEST(a_fixed_deviation_is_shown)
{
    static const struct {
        const char *component, *mistake;
        bool biases;
    } cases[] = {{"init_fan_in", "initializer.fixed_std", false}, {"init_normal", "init_normal.std_ignored", true}};
    for (size_t k = 0; k < 2; k++) {
        const char *const only[] = {cases[k].component, NULL};
        grade_battery *battery;
        assay_error error = {0};
        assay_mt19937 random;
        support_assert_ok(assay_grade_battery_create(3, only, &battery, &error), &error);
        assay_mt19937_seed(&random, 4);
        grade_part *part = &battery->parts[0];
        for (size_t i = 0; i < part->count; i++) {
            const grade_fields *outputs = &part->answers[i].outputs;
            fill_pattern(FRESH, outputs, 0.3, &random);
            for (size_t f = 1; f < outputs->count && !cases[k].biases; f += 2) {
                memset(outputs->field[f].values, 0, outputs->field[f].count * sizeof(double));
            }
            part->answers[i].verdict = GRADE_PASS;
        }
        judge(battery);
        for (size_t i = 0; i < part->count; i++) {
            char wanted[160];
            int used = snprintf(wanted, sizeof wanted, "; expected ");
            assay_grade_distribution_text(
                part->component->initializer->draws(part->cases[i], &GRADE_TUTORIAL, 0, false), wanted + used,
                sizeof wanted - (size_t)used);
            assert_draws(&part->results[i], cases[k].mistake, wanted);
            ck_assert_str_eq(part->results[i].solved, cases[k].mistake);
            ck_assert_double_eq_tol(part->results[i].parameter, 0.3, 0.01);
        }
        assay_grade_battery_destroy(battery);
    }
}
END_TEST

/* --- text --------------------------------------------------------------------------------------------------------- */

START_TEST(text_is_cleaned)
{
    /* clang-format off */
    static const struct { const char *text; size_t size; const char *clean; const char *cell; } cases[] = {
        {"J\xc3\xb6rg", 80, "J\xc3\xb6rg", "\"J\xc3\xb6rg\""},
        {"a\x1b[31m\xff\xc3", 80, "a?[31m??", "\"a?[31m??\""},
        {"\xc0\xaf\xed\xa0\x80", 80, "?????", "\"?????\""}, /* too long a form, half of a pair */
        {"x\xe2\x80\xae" "fdp.so", 80, "x?fdp.so", "\"x?fdp.so\""},
        {"=1+1", 80, "=1+1", "\"'=1+1\""},
        {"+1", 80, "+1", "\"'+1\""},
        {"-1", 80, "-1", "\"'-1\""},
        {"@a", 80, "@a", "\"'@a\""},
        {"'=1", 80, "'=1", "\"''=1\""},
        {"say \"a\"", 80, "say \"a\"", "\"say \"\"a\"\"\""},
        {"12345678", 9, "12345678", "\"12345678\""},
        {"12345678", 8, "1234...", "\"1234...\""},
        {"123\xc3\xb6" "5678", 8, "123...", "\"123...\""},
        {"", 80, "", "\"\""},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char clean[80];
        char *cell = NULL;
        size_t size;
        assay_grade_text_clean(cases[i].text, strlen(cases[i].text), clean, cases[i].size);
        ck_assert_str_eq(clean, cases[i].clean);
        FILE *stream = open_memstream(&cell, &size);
        assay_grade_text_cell(stream, clean);
        fclose(stream);
        ck_assert_str_eq(cell, cases[i].cell);
        free(cell);
    }
}
END_TEST

/* --- requests and replies ----------------------------------------------------------------------------------------- */

/* A softmax case of one row and three classes. */
static grade_case *small_case(grade_answer *answer)
{
    assay_error error = {0};
    grade_case *made;
    support_assert_ok(assay_grade_case_create(assay_grade_component_by_name("softmax"), 1, 1, &made, &error), &error);
    *answer = (grade_answer){.verdict = GRADE_NOT_RUN};
    support_assert_ok(assay_grade_fields_like(&made->outputs, &answer->outputs, &error), &error);
    return made;
}

/* clang-format off */
static const struct {
    const char *line;
    grade_verdict verdict;
    const char *detail; /* part of it */
} replies[] = {
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[0.25, 0.5, 0.25]]}}", GRADE_PASS, ""},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[1, 0, -2]]}}", GRADE_PASS, ""},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[NaN, Infinity, -Infinity]]}}", GRADE_PASS, ""},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[\"NaN\", \"inf\", \"-Infinity\"]]}}", GRADE_PASS, ""},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [0.25, 0.5, 0.25]}}", GRADE_PASS, ""},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [0.25, 0.75]}}", GRADE_SHAPE, "expected [1][3], got [2]"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[0.25], [0.5], [0.25]]}}", GRADE_SHAPE, "got [3][1]"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[0.25, 0.5, \"x\"]]}}", GRADE_SHAPE, "not numbers"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[[1, 2, 3]]]}}", GRADE_PASS, ""},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[[[1, 2, 3]]]]}}", GRADE_SHAPE, "got more than 3 axes"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[1], [2, 3]]}}", GRADE_SHAPE, "rows of different lengths"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[], 1, 2]}}", GRADE_SHAPE, "rows of different lengths"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": 1}}", GRADE_SHAPE, "got a number"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": []}}", GRADE_SHAPE, "got [0]"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": null}}", GRADE_SHAPE, "no number"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[null, 0.5, null]]}}", GRADE_PASS, ""},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [null, null, null]}}", GRADE_PASS, ""},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [null]}}", GRADE_SHAPE, "got [1]"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[null, 0.5, \"null\"]]}}", GRADE_SHAPE, "not numbers"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[null, 0.5, false]]}}", GRADE_SHAPE, "not numbers"},
    {"{\"id\": 7, \"outputs\": null}", GRADE_SHAPE, "not among the outputs"},
    {"{\"id\": 7, \"missing\": null}", GRADE_SHAPE, "not among the outputs"},
    {"{\"id\": null, \"outputs\": {}}", GRADE_REPLY, "without \"id\": 7"},
    {"{\"id\": 7, \"outputs\": {\"p\": [[1, 2, 3]]}}", GRADE_SHAPE, "not among the outputs"},
    {"{\"id\": 7, \"outputs\": 3}", GRADE_SHAPE, "not among the outputs"},
    {"{\"id\": 7}", GRADE_SHAPE, "not among the outputs"},
    {"{\"id\": 7, \"missing\": true}", GRADE_MISSING, ""},
    {"{\"id\": 7, \"error\": \"too\\u0007 hard\"}", GRADE_REFUSED, "too? hard"},
    {"{\"id\": 8, \"outputs\": {\"probabilities\": [[0.25, 0.5, 0.25]]}}", GRADE_REPLY, "without \"id\": 7"},
    {"{\"id\": 7.0, \"outputs\": {}}", GRADE_REPLY, "without \"id\": 7"},
    {"{\"outputs\": {}}", GRADE_REPLY, "without \"id\": 7"},
    {"hello", GRADE_REPLY, "not a JSON object: hello"},
    {"", GRADE_REPLY, "an empty line"},
    {"[1]", GRADE_REPLY, "not a JSON object"},
    {"{\"id\": 7, \"id\": 7}", GRADE_REPLY, "a key twice"},
    {"{\"id\": 7} trailing", GRADE_REPLY, "not a JSON object"},
    {"\x1b[31m\xff", GRADE_REPLY, "?[31m?"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[\"a \\\" NaN\", 1, 2]]}}", GRADE_SHAPE, "not numbers"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[1, 2, 3], [4, 5, 6]]}}", GRADE_SHAPE, "got [2][3]"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[[[[1]]]]]}}", GRADE_SHAPE, "expected [1][3]"},
    {"{\"id\": 7, \"missing\": false}", GRADE_SHAPE, "not among the outputs"},
    {"{\"id\": 7, \"input_modified\": \"logits\", \"outputs\": {\"probabilities\": [[1, 2]]}}", GRADE_SHAPE,
     "got [1][2]"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": {\"npy\": \"/etc/passwd\"}}}", GRADE_REPLY,
     "start the grader with --npy"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": {\"npy\": \"x.npy\"}}}", GRADE_REPLY, "start the grader with --npy"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[1e999, 1, 2]]}}", GRADE_REPLY, "beyond the range of double"},
    {"{\"id\": 7, \"outputs\": {\"probabilities\": [[1, 99999999999999999999, 2]]}}", GRADE_REPLY, "more than 64 bits"},
    {"{\"id\": 7, \"error\": \"Gr\\u00f6\\u00dfe\\u0007 \\u202e\"}", GRADE_REFUSED, "Größe? ?"},
};
/* clang-format on */

START_TEST(replies_are_judged_by_their_form)
{
    grade_answer answer;
    grade_case *graded = small_case(&answer);
    char *line = strdup(replies[_i].line);
    assay_error error = {0};
    const grade_folders folder = GRADE_INLINE;
    support_assert_ok(assay_grade_reply(line, strlen(line), 7, &folder, &answer, &error), &error);
    ck_assert_msg(answer.verdict == replies[_i].verdict, "%s: %s, %s", replies[_i].line,
                  assay_grade_verdict_name(answer.verdict), answer.detail);
    ck_assert_msg(strstr(answer.detail, replies[_i].detail) != NULL, "%s: %s", replies[_i].line, answer.detail);
    free(line);
    assay_grade_fields_clear(&answer.outputs);
    assay_grade_case_destroy(graded);
}
END_TEST

/* --- shapes ------------------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *field;
    size_t rank, shape[GRADE_MAX_RANK];             /* expected */
    size_t found_rank, found[GRADE_MAX_RANK + 1];
    const char *name;                               /* NULL: the same shape */
    bool readable;
} shapes[] = {
    {"dbias", 1, {3}, 1, {3}, NULL, true},
    {"dbias", 1, {3}, 2, {1, 3}, "any.singleton_axis", true},
    {"dbias", 1, {3}, 2, {3, 1}, "any.singleton_axis", true},
    {"dbias", 1, {3}, 3, {1, 3, 1}, "any.singleton_axis", true},
    {"dbias", 1, {3}, 4, {1, 1, 1, 3}, "any.wrong_shape", false},
    {"loss", 0, {0}, 1, {1}, "any.singleton_axis", true},
    {"loss", 0, {0}, 2, {1, 1}, "any.singleton_axis", true},
    {"dbias", 1, {1}, 0, {0}, "any.singleton_axis", true},
    {"y", 2, {1, 3}, 1, {3}, "any.singleton_axis", true},
    {"y", 2, {2, 3}, 3, {2, 1, 3}, "any.singleton_axis", true},
    {"y", 2, {1, 3}, 2, {3, 1}, "any.shape_transposed", false}, /* the numbers are right for one row only */
    {"dweight", 2, {2, 3}, 2, {3, 2}, "any.shape_transposed", false},
    {"dbias", 1, {3}, 0, {0}, "any.shape_scalar", false},
    {"dbias", 1, {3}, 1, {1}, "any.shape_scalar", false},
    {"loss", 0, {0}, 1, {4}, "any.shape_vector", false},
    {"loss", 0, {0}, 2, {4, 3}, "any.shape_vector", false},
    {"y", 2, {2, 3}, 1, {3}, "any.shape_batch_axis", false},
    {"dweight", 2, {2, 3}, 1, {3}, "any.wrong_shape", false}, /* its first axis is no batch */
    {"y", 2, {2, 3}, 1, {2}, "any.wrong_shape", false},
    {"y", 2, {2, 3}, 2, {3, 3}, "any.wrong_shape", false}, /* its rows are as long, and it has others */
    {"y", 2, {2, 3}, 3, {3, 2, 2}, "any.wrong_shape", false},
    {"y", 1, {3}, 2, {3, 3}, "any.wrong_shape", false},
    {"y", 2, {2, 3}, 1, {6}, "any.wrong_shape", false},
    {"loss", 0, {0}, 1, {0}, "any.wrong_shape", false},
};
/* clang-format on */

START_TEST(shapes_have_names)
{
    evidence(EVIDENCE_PROPERTY, "grade/shape");
    grade_field field = {.rank = shapes[_i].rank, .deviation = "of another answer", .found_shape = "[9]"};
    snprintf(field.name, sizeof field.name, "%s", shapes[_i].field);
    memcpy(field.shape, shapes[_i].shape, sizeof field.shape);
    ck_assert_int_eq(assay_grade_shape_compare(&field, shapes[_i].found_rank, shapes[_i].found), shapes[_i].readable);
    const char *wanted = shapes[_i].name == NULL ? "the same" : shapes[_i].name;
    ck_assert_str_eq(field.deviation == NULL ? "the same" : field.deviation, wanted);
    ck_assert_int_eq(field.found_shape[0] == '\0', shapes[_i].name == NULL);
}
END_TEST

/* clang-format off */
static const struct {
    const char *before, *after; /* of the loss in the JSON of its output */
    double factor;              /* of the right loss */
    const char *mistake;
    const char *detail;
    double credit;
} shape_replies[] = {
    {"[", "]", 1.0, "any.singleton_axis",
     "the values are right, but not the shape of loss: expected a number, got [1]", 1.0},
    {"[[[", "]]]", 1.0, "any.singleton_axis", "got [1][1][1]", 1.0},
    {"[", "]", 1.37, NULL, "loss: got ", 0.0}, /* a shape is no excuse for wrong values */
    {"[", ", 1]", 1.0, "any.shape_vector", "expected a number, got [2]", 0.0},
};
/* clang-format on */

START_TEST(shapes_are_judged)
{
    static const char *const only[] = {"cross_entropy", NULL};
    grade_catalogue *catalogue = open_catalogue();
    grade_battery *battery;
    assay_error error = {0};
    char line[300];
    support_assert_ok(assay_grade_battery_create(1, only, &battery, &error), &error);
    grade_part *part = &battery->parts[0];
    answer_with(part, 0);
    const grade_field *right = &part->cases[0]->outputs.field[0];
    snprintf(line, sizeof line, "{\"id\": 1, \"outputs\": {\"%s\": %s%.17g%s}}", right->name, shape_replies[_i].before,
             shape_replies[_i].factor * right->values[0], shape_replies[_i].after);
    support_assert_ok(assay_grade_reply(line, strlen(line), 1, &GRADE_INLINE, &part->answers[0], &error), &error);
    judge(battery);
    const grade_result *result = &part->results[0];
    assay_grade_score(battery, NULL, catalogue);
    ck_assert_str_eq(result->mistake == NULL ? "none" : result->mistake,
                     shape_replies[_i].mistake == NULL ? "none" : shape_replies[_i].mistake);
    ck_assert_msg(strstr(result->detail, shape_replies[_i].detail) != NULL, "%s", result->detail);
    ck_assert(result->earned == shape_replies[_i].credit * result->possible && result->possible > 0.0);
    assay_grade_battery_destroy(battery);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* A reply that names files: those of the exchange folder are read, and no others. */
START_TEST(files_of_a_reply_are_the_exchange_folders)
{
    /* clang-format off */
    static const struct { const char *name; grade_verdict verdict; const char *detail; } cases[] = {
        {"good.npy", GRADE_PASS, ""},
        {"/exchange/good.npy", GRADE_PASS, ""},
        {"/exchangegood.npy", GRADE_REPLY, "outside"},
        {"../good.npy", GRADE_REPLY, "outside"},
        {"..", GRADE_REPLY, "outside"},
        {"/exchange/..", GRADE_REPLY, "outside"},
        {"wrong.npy", GRADE_SHAPE, "wrong.npy: the shape is [3][1], expected [1][3]"},
        {"none.npy", GRADE_REPLY, "none.npy"},
        {".", GRADE_REPLY, "not the name of a file"},
    };
    /* clang-format on */
    char *here = support_make_folder();
    int exchange = open(here, O_RDONLY | O_DIRECTORY);
    char path[512];
    double values[3] = {0.5, 0.25, 0.25};
    assay_error error = {0};
    grade_field field = {.name = "p", .rank = 2, .shape = {1, 3}, .count = 3, .values = values};
    snprintf(path, sizeof path, "%s/good.npy", here);
    support_assert_ok(assay_npy_write(AT_FDCWD, path, &field, &error), &error);
    field.shape[0] = 3;
    field.shape[1] = 1;
    snprintf(path, sizeof path, "%s/wrong.npy", here);
    support_assert_ok(assay_npy_write(AT_FDCWD, path, &field, &error), &error);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        grade_answer answer;
        grade_case *graded = small_case(&answer);
        const grade_folders folder = {-1, NULL, exchange, "/exchange"};
        char line[300];
        snprintf(line, sizeof line, "{\"id\": 1, \"outputs\": {\"probabilities\": {\"npy\": \"%s\"}}}", cases[i].name);
        support_assert_ok(assay_grade_reply(line, strlen(line), 1, &folder, &answer, &error), &error);
        ck_assert_msg(answer.verdict == cases[i].verdict && strstr(answer.detail, cases[i].detail) != NULL,
                      "%s: %s, %s", cases[i].name, assay_grade_verdict_name(answer.verdict), answer.detail);
        ck_assert(answer.verdict != GRADE_PASS || answer.outputs.field[0].values[1] == 0.25);
        assay_grade_fields_clear(&answer.outputs);
        assay_grade_case_destroy(graded);
    }
    close(exchange);
    support_remove_folder(here);
}
END_TEST

static const struct {
    const char *line;
    const char *part; /* of the error; NULL: it is understood */
    grade_precision precision;
    size_t functions;
} hellos[] = {
    {"{\"functions\": [\"relu\", \"adam\"], \"precision\": 32}", NULL, GRADE_F32, 2},
    {"{\"functions\": [\"relu\"], \"precision\": 64}", NULL, GRADE_F64, 1},
    {"{}", NULL, GRADE_F64, 0},
    {"{\"precision\": 16}", "{\"precision\": 16}", GRADE_F64, 0},
    {"{\"precision\": \"64\"}", "the reply to hello is not", GRADE_F64, 0},
    {"[]", "the reply to hello is not", GRADE_F64, 0},
    {"hello", ": hello", GRADE_F64, 0},
};

START_TEST(greetings_are_judged_by_their_form)
{
    char line[100];
    assay_error error = {0};
    grade_precision precision;
    json_t *functions = NULL;
    json_t *findings = NULL;
    snprintf(line, sizeof line, "%s", hellos[_i].line);
    assay_status status = assay_grade_hello(line, strlen(line), &precision, &functions, &findings, &error);
    if (hellos[_i].part != NULL) {
        support_assert_error(status, ASSAY_ERROR_FORMAT, &error, hellos[_i].part);
    } else {
        support_assert_ok(status, &error);
        ck_assert_int_eq(precision, hellos[_i].precision);
        ck_assert_uint_eq(json_array_size(functions), hellos[_i].functions);
        json_decref(functions);
    }
}
END_TEST

/* What JSON.stringify makes of NaN. */
START_TEST(null_is_no_number)
{
    grade_answer answer;
    grade_case *graded = small_case(&answer);
    char line[] = "{\"id\": 7, \"outputs\": {\"probabilities\": [null, 0.5, null]}}";
    assay_error error = {0};
    support_assert_ok(assay_grade_reply(line, strlen(line), 7, &GRADE_INLINE, &answer, &error), &error);
    const double *values = answer.outputs.field[0].values;
    ck_assert(isnan(values[0]) && values[1] == 0.5 && isnan(values[2]));
    assay_grade_fields_clear(&answer.outputs);
    assay_grade_case_destroy(graded);
}
END_TEST

START_TEST(numbers_of_a_reply_arrive)
{
    grade_answer answer;
    grade_case *graded = small_case(&answer);
    char line[] = "{\"id\": 7, \"outputs\": {\"probabilities\": [[NaN, -Infinity, 0.1]]}}";
    assay_error error = {0};
    const grade_folders folder = GRADE_INLINE;
    support_assert_ok(assay_grade_reply(line, strlen(line), 7, &folder, &answer, &error), &error);
    const double *values = answer.outputs.field[0].values;
    ck_assert(isnan(values[0]));
    ck_assert(isinf(values[1]) && values[1] < 0.0);
    ck_assert(values[2] == 0.1);
    assay_grade_fields_clear(&answer.outputs);
    assay_grade_case_destroy(graded);
}
END_TEST

START_TEST(requests_carry_their_numbers_exactly)
{
    grade_answer answer;
    grade_case *graded = small_case(&answer);
    assay_error error = {0};
    char *line;
    support_assert_ok(assay_grade_request(graded, 3, &GRADE_INLINE, &line, &error), &error);
    json_t *request = json_loads(line, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(request, "call")), "softmax");
    const json_t *row = json_array_get(json_object_get(json_object_get(request, "inputs"), "logits"), 0);
    for (size_t j = 0; j < 3; j++) {
        ck_assert(json_number_value(json_array_get(row, j)) == assay_grade_values(&graded->inputs, "logits")[j]);
    }
    json_decref(request);
    assay_free(line);
    assay_grade_fields_clear(&answer.outputs);
    assay_grade_case_destroy(graded);
}
END_TEST

/* A line has at most 100000 values (commas and brackets are counted) and 1000 objects: each takes memory. */
START_TEST(replies_have_an_end)
{
    static const struct {
        size_t objects;
        size_t values;
        grade_verdict verdict;
    } cases[] = {
        {1, 100000, GRADE_SHAPE}, {1, 100001, GRADE_REPLY}, {1000, 3000, GRADE_SHAPE}, {1001, 3000, GRADE_REPLY}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        grade_answer answer;
        grade_case *graded = small_case(&answer);
        char *line = malloc(4 * cases[k].values + 100);
        char *end = stpcpy(line, "{\"id\": 7, \"text\": \"{,[\\\"{,[\", \"x\": [0"); /* 1 object, 4 values */
        size_t objects = 1;
        for (size_t values = 4; values < cases[k].values;) {
            bool object = objects < cases[k].objects;
            end = stpcpy(end, object ? ",{}" : ",0");
            values += object ? 2 : 1;
            objects += object;
        }
        stpcpy(end, "]}");
        assay_error error = {0};
        support_assert_ok(assay_grade_reply(line, strlen(line), 7, &GRADE_INLINE, &answer, &error), &error);
        ck_assert_msg(answer.verdict == cases[k].verdict, "%zu: %s", k, answer.detail);
        const char *part = answer.verdict == GRADE_REPLY ? "more than 100000 values or 1000 objects: {\"id\": 7" : "";
        ck_assert_ptr_nonnull(strstr(answer.detail, part));
        free(line);
        assay_grade_fields_clear(&answer.outputs);
        assay_grade_case_destroy(graded);
    }
}
END_TEST

/* Beside its outputs a reply says which input was changed, why there is no function, and how exact its numbers are. */
START_TEST(replies_say_more)
{
    /* clang-format off */
    static const struct {
        const char *line;
        grade_verdict verdict;
        const char *detail, *modified;
        bool single;
    } cases[] = {
        {"{\"id\": 7, \"input_modified\": \"lo\\u0007gits\", \"outputs\": {\"probabilities\": [[1, 2, 3]]}}",
         GRADE_PASS, "", "lo?gits", false},
        {"{\"id\": 7, \"missing\": true, \"because\": \"not\\u0007 yet\"}", GRADE_MISSING, "not? yet", "", false},
        {"{\"id\": 7, \"missing\": true}", GRADE_MISSING, "", "", false},
        {"{\"id\": 7, \"precision\": 32, \"outputs\": {\"probabilities\": [[1, 2, 3]]}}", GRADE_PASS, "", "", true},
        {"{\"id\": 7, \"precision\": 64, \"outputs\": {\"probabilities\": [[1, 2, 3]]}}", GRADE_PASS, "", "", false},
        {"{\"id\": 7, \"a\\u0000b\": 1}", GRADE_REPLY, "not a JSON object: {\"id\": 7, \"a\\u0000b\": 1}", "", false},
        {"{\"id\": 7, \"a\": \"\\u0000\"}", GRADE_REPLY, "a text has a zero byte: {\"id\": 7", "", false},
        {"3", GRADE_REPLY, "not a JSON object: 3", "", false},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        grade_answer answer;
        grade_case *graded = small_case(&answer);
        char *line = strdup(cases[k].line);
        assay_error error = {0};
        support_assert_ok(assay_grade_reply(line, strlen(line), 7, &GRADE_INLINE, &answer, &error), &error);
        ck_assert_msg(answer.verdict == cases[k].verdict && strstr(answer.detail, cases[k].detail) != NULL, "%zu: %s",
                      k, answer.detail);
        ck_assert_str_eq(answer.modified, cases[k].modified);
        ck_assert_int_eq(answer.outputs.field[0].single, cases[k].single);
        if (cases[k].verdict == GRADE_PASS) {
            ck_assert(answer.outputs.field[0].values[0] == 1.0 && answer.outputs.field[0].values[2] == 3.0);
        }
        free(line);
        assay_grade_fields_clear(&answer.outputs);
        assay_grade_case_destroy(graded);
    }
    char line[] = "{\"error\": \"no\\u0007 file\"}";
    assay_error error = {0};
    grade_precision precision;
    json_t *functions = NULL;
    json_t *findings = NULL;
    support_assert_error(assay_grade_hello(line, strlen(line), &precision, &functions, &findings, &error),
                         ASSAY_ERROR_UNSUPPORTED, &error, "no? file");
    ck_assert(functions == NULL && findings == NULL);
}
END_TEST

/* With --npy the tensors of a request are files, by their paths in the sandbox; numbers and texts stay in the line. */
START_TEST(requests_name_their_files)
{
    char *here = support_make_folder();
    int folder = open(here, O_RDONLY | O_DIRECTORY);
    grade_answer answer;
    grade_case *graded = small_case(&answer);
    assay_error error = {0};
    double values[3] = {0.0};
    for (int bare = 0; bare < 2; bare++) {
        const grade_folders folders = {folder, bare == 1 ? NULL : "/inputs", -1, NULL};
        char *line;
        support_assert_ok(assay_grade_request(graded, 12, &folders, &line, &error), &error);
        json_t *request = json_loads(line, 0, NULL);
        ck_assert_int_eq(json_integer_value(json_object_get(request, "id")), 12);
        const json_t *logits = json_object_get(json_object_get(request, "inputs"), "logits");
        ck_assert_str_eq(json_string_value(json_object_get(logits, "npy")),
                         bare == 1 ? "12.logits.npy" : "/inputs/12.logits.npy");
        grade_field field = {.name = "logits", .rank = 2, .shape = {1, 3}, .count = 3, .values = values};
        support_assert_ok(assay_npy_read(folder, "12.logits.npy", &field, &error), &error);
        ck_assert_mem_eq(values, assay_grade_values(&graded->inputs, "logits"), sizeof values);
        assay_grade_inputs_remove(graded, 12, &folders);
        ck_assert_int_ne(faccessat(folder, "12.logits.npy", F_OK, 0), 0);
        json_decref(request);
        assay_free(line);
    }
    assay_grade_fields_clear(&answer.outputs);
    assay_grade_case_destroy(graded);
    close(folder);
    support_remove_folder(here);
}
END_TEST

/* A smaller last batch has a shorter row, and an answer with too few losses keeps those that it has. */
START_TEST(batches_may_be_unequal)
{
    grade_case *graded;
    char *line;
    assay_error error = {0};
    grade_answer answer = {.verdict = GRADE_NOT_RUN};
    const grade_component *training = assay_grade_component_by_name("training");
    support_assert_ok(assay_grade_case_create(training, training->case_count - 1, 3, &graded, &error), &error);
    support_assert_ok(assay_grade_request(graded, 3, &GRADE_INLINE, &line, &error), &error);
    json_t *request = json_loads(line, 0, NULL);
    const json_t *order = json_object_get(json_object_get(request, "inputs"), "order");
    ck_assert_uint_eq(json_array_size(order), 6);
    for (size_t s = 0; s < json_array_size(order); s++) {
        const json_t *row = json_array_get(order, s);
        ck_assert_uint_eq(json_array_size(row), s % 2 == 0 ? 11 : 5);
        for (size_t r = 0; r < json_array_size(row); r++) {
            ck_assert_int_ge(json_integer_value(json_array_get(row, r)), 0);
        }
    }
    json_decref(request);
    assay_free(line);
    char reply[] = "{\"id\": 3, \"outputs\": {\"losses\": [1.5, 2.5]}}";
    support_assert_ok(assay_grade_fields_like(&graded->outputs, &answer.outputs, &error), &error);
    support_assert_ok(assay_grade_reply(reply, strlen(reply), 3, &GRADE_INLINE, &answer, &error), &error);
    const double *losses = assay_grade_values(&answer.outputs, "losses");
    ck_assert(losses[1] == 2.5 && losses[2] == GRADE_SENTINEL && losses[5] == GRADE_SENTINEL);
    ck_assert_str_eq(answer.detail, "weight0: not among the outputs");
    assay_grade_fields_clear(&answer.outputs);
    assay_grade_case_destroy(graded);
}
END_TEST

/* --- .npy --------------------------------------------------------------------------------------------------------- */

static void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static const struct {
    const char *header; /* after magic and version 1.0 */
    size_t data;        /* bytes that follow */
    assay_status status;
    const char *part;
} npy_files[] = {
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", 48, ASSAY_OK, NULL},
    {"{'descr': '<f8', 'fortran_order': True, 'shape': (2, 1, 3), }", 48, ASSAY_OK, NULL},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (6,), }", 48, ASSAY_ERROR_ARGUMENT, "[6], expected [2][3]"},
    {"{'shape': (2,3), 'fortran_order': True, 'descr': '<f8'}", 48, ASSAY_OK, NULL},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, ASSAY_OK, NULL},
    {"{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }", 48, ASSAY_OK, NULL},
    {"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", 24, ASSAY_OK, NULL},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }", 48, ASSAY_ERROR_ARGUMENT,
     "[3][2], expected [2][3]"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 8, ASSAY_ERROR_ARGUMENT, "a number, expected [2][3]"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", 47, ASSAY_ERROR_FORMAT, "47 bytes of data"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", 49, ASSAY_ERROR_FORMAT, "49 bytes of data"},
    {"{'descr': '>f8', 'fortran_order': False, 'shape': (2, 3), }", 48, ASSAY_OK, NULL},
    {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", 48, ASSAY_ERROR_FORMAT, "dtype is '|O'"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 2, 3), }", 48, ASSAY_ERROR_ARGUMENT, "4 dimensions"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 3), }", 48, ASSAY_ERROR_FORMAT,
     "header"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (-2, 3), }", 48, ASSAY_ERROR_FORMAT, "header"},
    {"{'descr': '<f8', 'fortran_order': False}", 48, ASSAY_ERROR_FORMAT, "header"},
    {"", 48, ASSAY_ERROR_FORMAT, "header"},
    {"{'fortran_order': False, 'shape': (2, 3), }", 48, ASSAY_ERROR_FORMAT, "header"},
    {"{'descr': '<f8', 'shape': (2, 3), }", 48, ASSAY_ERROR_FORMAT, "header"},
    {"{'descr' '<f8', 'fortran_order': False, 'shape': (2, 3), }", 48, ASSAY_ERROR_FORMAT, "header"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': [2, 3], }", 48, ASSAY_ERROR_FORMAT, "header"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, x), }", 48, ASSAY_ERROR_FORMAT, "header"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 3), }", 48, ASSAY_ERROR_FORMAT, "header"},
};

/* Of a folder by its path. */
static assay_status read_npy(const char *folder, const char *name, grade_field *field, assay_error *error)
{
    int opened = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_ge(opened, 0);
    assay_status status = assay_npy_read(opened, name, field, error);
    close(opened);
    return status;
}

static grade_field field_2_3(double *values)
{
    return (grade_field){.name = "y", .rank = 2, .shape = {2, 3}, .count = 6, .values = values};
}

START_TEST(npy_files_are_read_or_refused)
{
    char *folder = support_make_folder();
    char path[512];
    unsigned char bytes[512] = "\x93NUMPY\x01";
    double values[6] = {0};
    assay_error error = {0};
    size_t length = strlen(npy_files[_i].header);
    snprintf(path, sizeof path, "%s/x.npy", folder);
    bytes[8] = (unsigned char)length;
    memcpy(bytes + 10, npy_files[_i].header, length);
    write_bytes(path, bytes, 10 + length + npy_files[_i].data);
    grade_field field = field_2_3(values);
    assay_status status = read_npy(folder, "x.npy", &field, &error);
    if (npy_files[_i].status == ASSAY_OK) {
        support_assert_ok(status, &error);
    } else {
        support_assert_error(status, npy_files[_i].status, &error, npy_files[_i].part);
    }
    support_remove_folder(folder);
}
END_TEST

/* Versions 2 and 3 have four bytes for the header's length; there is no version 0 or 4. */
START_TEST(npy_versions)
{
    static const char header[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
    /* clang-format off */
    static const struct { unsigned char version, high; assay_status status; } cases[] = {
        {2, 0, ASSAY_OK}, {3, 0, ASSAY_OK}, {2, 1, ASSAY_ERROR_FORMAT}, {0, 0, ASSAY_ERROR_FORMAT},
        {4, 0, ASSAY_ERROR_FORMAT},
    };
    /* clang-format on */
    char *folder = support_make_folder();
    char path[512];
    snprintf(path, sizeof path, "%s/x.npy", folder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char bytes[200] = "\x93NUMPY";
        const double stored[6] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0};
        double values[6] = {0};
        assay_error error = {0};
        grade_field field = field_2_3(values);
        bytes[6] = cases[i].version;
        bytes[8] = sizeof header - 1;
        bytes[11] = cases[i].high;
        memcpy(bytes + 12, header, sizeof header - 1);
        memcpy(bytes + 12 + sizeof header - 1, stored, sizeof stored);
        write_bytes(path, bytes, 12 + sizeof header - 1 + sizeof stored);
        assay_status status = read_npy(folder, "x.npy", &field, &error);
        if (cases[i].status == ASSAY_OK) {
            support_assert_ok(status, &error);
            ck_assert_mem_eq(values, stored, sizeof stored);
        } else {
            support_assert_error(status, cases[i].status, &error, "npy");
        }
    }
    support_remove_folder(folder);
}
END_TEST

START_TEST(npy_files_come_back_as_written)
{
    char *folder = support_make_folder();
    char path[512];
    double values[6] = {1.0, -0.0, 1e-320, NAN, INFINITY, 0.1};
    double back[6];
    assay_error error = {0};
    snprintf(path, sizeof path, "%s/x.npy", folder);
    grade_field field = field_2_3(values);
    support_assert_ok(assay_npy_write(AT_FDCWD, path, &field, &error), &error);
    field.values = back;
    support_assert_ok(read_npy(folder, "x.npy", &field, &error), &error);
    ck_assert_mem_eq(values, back, sizeof values);
    for (size_t cut = 0; cut < 176; cut++) { /* 128 bytes of header, 48 of data */
        char *bytes;
        size_t size;
        support_assert_ok(assay_file_read(path, 1000, &bytes, &size, &error), &error);
        char part[512];
        snprintf(part, sizeof part, "%s/part.npy", folder);
        write_bytes(part, bytes, cut);
        ck_assert_int_ne(read_npy(folder, "part.npy", &field, &error), ASSAY_OK);
        assay_free(bytes);
    }
    support_remove_folder(folder);
}
END_TEST

/* Each rank, and lengths of more than one digit; [a][b][c] has another number of values than any two of its axes. */
START_TEST(npy_files_keep_their_shape)
{
    static const size_t shape[GRADE_MAX_RANK] = {2, 11, 3};
    char *folder = support_make_folder();
    double values[66];
    double back[66];
    assay_error error = {0};
    for (size_t i = 0; i < 66; i++) {
        values[i] = 0.5 + (double)i;
    }
    size_t count = 1;
    for (size_t rank = 0; rank <= GRADE_MAX_RANK; rank++) {
        grade_field field = {.name = "y", .rank = rank, .count = count, .values = values};
        memcpy(field.shape, shape, sizeof shape);
        char *name = assay_asprintf(NULL, "%zu.npy", rank);
        char *path = assay_asprintf(NULL, "%s/%s", folder, name);
        support_assert_ok(assay_npy_write(AT_FDCWD, path, &field, &error), &error);
        memset(back, 0, sizeof back);
        field.values = back;
        support_assert_ok(read_npy(folder, name, &field, &error), &error);
        ck_assert(field.deviation == NULL);
        ck_assert_mem_eq(back, values, count * sizeof values[0]);
        assay_free(path);
        assay_free(name);
        count *= rank < GRADE_MAX_RANK ? shape[rank] : 1;
    }
    support_remove_folder(folder);
}
END_TEST

START_TEST(npy_reader_follows_no_link)
{
    char *folder = support_make_folder();
    char path[512];
    char link[512];
    double values[6] = {0};
    assay_error error = {0};
    snprintf(path, sizeof path, "%s/x.npy", folder);
    snprintf(link, sizeof link, "%s/link.npy", folder);
    grade_field field = field_2_3(values);
    support_assert_ok(assay_npy_write(AT_FDCWD, path, &field, &error), &error);
    ck_assert_int_eq(symlink(path, link), 0);
    support_assert_error(read_npy(folder, "link.npy", &field, &error), ASSAY_ERROR_FORMAT, &error, "cannot be read");
    error = (assay_error){0};
    support_assert_error(read_npy(folder, ".", &field, &error), ASSAY_ERROR_FORMAT, &error, "not the name of a file");
    support_remove_folder(folder);
}
END_TEST

/* --- export and import -------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *text;
    const char *part; /* of the error; NULL: it is a good header */
} cases_files[] = {
    {"{\"seed\": 7, \"precision\": 32, \"cases\": [{\"call\": \"relu\"}, {\"call\": \"relu\"}, {\"call\": \"adam\"}]}",
     NULL},
    {"{\"seed\": 7, \"cases\": [{\"call\": \"nothing\"}, {\"call\": 3}, {}, 4]}", "no \"seed\" or no \"cases\""},
    {"{\"seed\": -7, \"cases\": [{\"call\": \"relu\"}]}", "no \"seed\""},
    {"{\"seed\": \"7\", \"cases\": [{\"call\": \"relu\"}]}", "no \"seed\""},
    {"{\"seed\": 7}", "no \"cases\""},
    {"[]", "no \"seed\""},
    {"{\"seed\": 7, \"precision\": 16, \"cases\": [{\"call\": \"relu\"}]}", "\"precision\" is 64, or 32"},
    {"{\"seed\": 7, \"precision\": \"32\", \"cases\": [{\"call\": \"relu\"}]}", "\"precision\" is 64, or 32"},
    {"{\n\n]", "line 3"},
};
/* clang-format on */

START_TEST(headers_of_cases_are_checked)
{
    char *folder = support_make_folder();
    char path[512];
    assay_error error = {0};
    grade_import imported;
    snprintf(path, sizeof path, "%s/cases.json", folder);
    write_bytes(path, cases_files[_i].text, strlen(cases_files[_i].text));
    assay_status status = assay_grade_import_header(folder, &imported, &error);
    if (cases_files[_i].part != NULL) {
        support_assert_error(status, ASSAY_ERROR_FORMAT, &error, cases_files[_i].part);
    } else {
        support_assert_ok(status, &error);
        ck_assert_uint_eq(imported.seed, 7);
        ck_assert_int_eq(imported.precision, GRADE_F32);
        ck_assert_str_eq(imported.components[0], "relu");
        ck_assert_str_eq(imported.components[1], "adam");
        ck_assert_ptr_null(imported.components[2]);
    }
    support_remove_folder(folder);
}
END_TEST

/* The student may have changed the precision of the export; without one it is double. */
START_TEST(imports_have_a_precision)
{
    static const struct {
        const char *text;
        grade_precision precision;
    } cases[] = {{"{\"seed\": 7, \"precision\": 32, \"cases\": [{\"call\": \"relu\"}]}", GRADE_F32},
                 {"{\"seed\": 7, \"precision\": 64, \"cases\": [{\"call\": \"relu\"}]}", GRADE_F64},
                 {"{\"seed\": 9007199254740991, \"cases\": [{\"call\": \"relu\"}]}", GRADE_F64}};
    char *folder = support_make_folder();
    char path[512];
    snprintf(path, sizeof path, "%s/cases.json", folder);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        assay_error error = {0};
        grade_import imported;
        memset(&imported, 0x55, sizeof imported);
        write_bytes(path, cases[k].text, strlen(cases[k].text));
        support_assert_ok(assay_grade_import_header(folder, &imported, &error), &error);
        ck_assert_int_eq(imported.precision, cases[k].precision);
        ck_assert_uint_eq(imported.seed, k < 2 ? 7 : 9007199254740991u);
        ck_assert_ptr_null(imported.components[1]);
    }
    support_remove_folder(folder);
}
END_TEST

/* An exported folder says what is asked, and which outputs are wanted, with their shapes and files. */
START_TEST(exports_say_what_is_wanted)
{
    static const char *const only[] = {"linear_backward", NULL};
    char *folder = support_make_folder();
    char *exported = assay_asprintf(NULL, "%s/cases", folder);
    char path[512];
    assay_error error = {0};
    grade_battery *battery;
    support_assert_ok(assay_grade_battery_create(7, only, &battery, &error), &error);
    support_assert_ok(assay_grade_battery_export(battery, exported, &error), &error);
    snprintf(path, sizeof path, "%s/cases.json", exported);
    json_t *root = json_load_file(path, 0, NULL);
    const grade_part *part = &battery->parts[0];
    const json_t *cases = json_object_get(root, "cases");
    ck_assert_int_eq(json_integer_value(json_object_get(root, "seed")), 7);
    ck_assert_int_eq(json_integer_value(json_object_get(root, "precision")), 64);
    ck_assert_uint_eq(json_array_size(cases), part->count);
    for (size_t i = 0; i < part->count; i++) {
        const json_t *entry = json_array_get(cases, i);
        const grade_case *graded = part->cases[i];
        ck_assert_int_eq(json_integer_value(json_object_get(entry, "id")), (json_int_t)i + 1);
        ck_assert_str_eq(json_string_value(json_object_get(entry, "call")), "linear_backward");
        ck_assert_uint_eq(json_object_size(json_object_get(entry, "inputs")), graded->inputs.count);
        ck_assert_uint_eq(json_object_size(json_object_get(entry, "outputs")), graded->outputs.count);
        for (size_t f = 0; f < graded->outputs.count; f++) {
            const grade_field *field = &graded->outputs.field[f];
            const json_t *wanted = json_object_get(json_object_get(entry, "outputs"), field->name);
            char file[64];
            snprintf(file, sizeof file, "%zu.%s.npy", i + 1, field->name);
            ck_assert_str_eq(json_string_value(json_object_get(wanted, "npy")), file);
            const json_t *shape = json_object_get(wanted, "shape");
            ck_assert_uint_eq(json_array_size(shape), field->rank);
            for (size_t d = 0; d < field->rank; d++) {
                ck_assert_int_eq(json_integer_value(json_array_get(shape, d)), (json_int_t)field->shape[d]);
            }
            /* The last output is missing in the last case: that is a fault, if the others are there. */
            snprintf(path, sizeof path, "%s/%s", exported, file);
            if (i + 1 < part->count || f + 1 < graded->outputs.count) {
                support_assert_ok(assay_npy_write(AT_FDCWD, path, field, &error), &error);
            }
        }
    }
    support_assert_ok(assay_grade_battery_import(battery, exported, &error), &error);
    for (size_t i = 0; i < part->count; i++) {
        ck_assert_int_eq(part->answers[i].verdict, i + 1 < part->count ? GRADE_PASS : GRADE_REPLY);
        const grade_fields *outputs = &part->answers[i].outputs;
        for (size_t f = 0; i + 1 < part->count && f < outputs->count; f++) {
            ck_assert_mem_eq(outputs->field[f].values, part->cases[i]->outputs.field[f].values,
                             outputs->field[f].count * sizeof(double));
        }
    }
    json_decref(root);
    assay_grade_battery_destroy(battery);
    assay_free(exported);
    support_remove_folder(folder);
}
END_TEST

/* A component without any output is missing. If some outputs are there, the others are faults; each is named. */
START_TEST(outputs_are_imported_or_missed)
{
    static const char *const only[] = {"relu", NULL};
    char *folder = support_make_folder();
    char *exported = assay_asprintf(NULL, "%s/cases", folder);
    char path[512];
    assay_error error = {0};
    grade_battery *battery;
    support_assert_ok(assay_grade_battery_create(7, only, &battery, &error), &error);
    support_assert_ok(assay_grade_battery_export(battery, exported, &error), &error);
    char *wanted_message = assay_asprintf(NULL, "%s/cases.json: there already", exported);
    support_assert_error(assay_grade_battery_export(battery, exported, &error), ASSAY_ERROR_ARGUMENT, &error,
                         wanted_message);
    assay_free(wanted_message);
    error = (assay_error){0};
    grade_part *part = &battery->parts[0];
    support_assert_ok(assay_grade_battery_import(battery, exported, &error), &error);
    for (size_t i = 0; i < part->count; i++) {
        ck_assert_int_eq(part->answers[i].verdict, GRADE_MISSING);
    }
    ck_assert_uint_ge(part->count, 3);
    const grade_field *right = &part->cases[0]->outputs.field[0];
    grade_field wrong = *right;
    snprintf(path, sizeof path, "%s/1.%s.npy", exported, right->name);
    support_assert_ok(assay_npy_write(AT_FDCWD, path, right, &error), &error);
    wrong.count = 1;
    wrong.rank = 1;
    wrong.shape[0] = 1;
    snprintf(path, sizeof path, "%s/2.%s.npy", exported, right->name);
    support_assert_ok(assay_npy_write(AT_FDCWD, path, &wrong, &error), &error);
    snprintf(path, sizeof path, "%s/3.%s.npy", exported, right->name);
    write_bytes(path, "no array", 8);
    support_assert_ok(assay_grade_battery_import(battery, exported, &error), &error);
    static const grade_verdict wanted[] = {GRADE_PASS, GRADE_SHAPE, GRADE_REPLY};
    for (size_t i = 0; i < part->count; i++) {
        ck_assert_int_eq(part->answers[i].verdict, i < 3 ? wanted[i] : GRADE_REPLY);
    }
    ck_assert_ptr_nonnull(strstr(part->answers[1].detail, "2.y.npy: the shape is [1]"));
    judge(battery);
    ck_assert_str_eq(part->results[1].mistake, "any.shape_scalar");
    ck_assert_ptr_null(part->results[2].mistake);
    ck_assert_ptr_nonnull(strstr(part->answers[2].detail, "3.y.npy: not a .npy file"));
    ck_assert(part->count == 3 || strstr(part->answers[3].detail, "4.y.npy is not there") != NULL);
    assay_grade_battery_destroy(battery);
    assay_free(exported);
    support_remove_folder(folder);
}
END_TEST

/* --- rubrics and points ------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *text;
    const char *part; /* of the error; NULL: it is a good rubric */
} rubrics[] = {
    {"{\"name\": \"A\", \"weights\": {\"adam\": 10, \"relu\": 2.5}, \"cases\": {\"adam/one step\": 3}, "
     "\"credit\": {\"any.inexact\": 0.5}}", NULL},
    {"{}", NULL},
    {"{\"weights\": {\"adamm\": 10}}", "\"adamm\", which is no component"},
    {"{\"cases\": {\"adam/two steps\": 10}}", "\"adam/two steps\", which is no component or case"},
    {"{\"cases\": {\"adam\": 10}}", "which is no component or case"},
    {"{\"cases\": {\"adamm/one step\": 10}}", "\"adamm/one step\", which is no component or case"},
    {"{\"cases\": {\"a-name-that-is-longer-than-any-component-has-and-than-the-room-for-one-which-is-some-hundreds-of-"
     "bytes-a-name-that-is-longer-than-any-component-has-and-than-the-room/x\": 1}}", "which is no component or case"},
    {"{\"credit\": {\"any.float\": 0.5}}", "which is no mistake"},
    {"{\"suspicion\": 0.5, \"cleared\": [\"ada\"]}", NULL},
    {"{\"suspicion\": 2}", "\"suspicion\": not a number from 0 to 1"},
    {"{\"cleared\": \"ada\"}", "\"cleared\": not an array"},
    {"{\"credit\": {\"any.float32\": 1.5}}", "not a number from 0 to 1"},
    {"{\"weights\": {\"adam\": -1}}", "not a number from 0"},
    {"{\"weights\": {\"adam\": \"ten\"}}", "not a number from 0"},
    {"{\"weights\": [1]}", "is not an object"},
    {"{\"weight\": {}}", "unknown key \"weight\""},
    {"[]", "not a JSON object"},
    {"{", "line 1"},
};
/* clang-format on */

static assay_status read_rubric(const char *text, const grade_catalogue *catalogue, grade_rubric **rubric,
                                assay_error *error)
{
    char *folder = support_make_folder();
    char path[512];
    snprintf(path, sizeof path, "%s/rubric.json", folder);
    write_bytes(path, text, strlen(text));
    assay_status status = assay_grade_rubric_read(path, catalogue, rubric, error);
    support_remove_folder(folder);
    return status;
}

START_TEST(rubrics_are_checked)
{
    grade_catalogue *catalogue = open_catalogue();
    grade_rubric *rubric = NULL;
    assay_error error = {0};
    assay_status status = read_rubric(rubrics[_i].text, catalogue, &rubric, &error);
    if (rubrics[_i].part == NULL) {
        support_assert_ok(status, &error);
    } else {
        support_assert_error(status, ASSAY_ERROR_FORMAT, &error, rubrics[_i].part);
    }
    assay_grade_rubric_close(rubric);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* Adam is worth 10 points: shares 1, 1, 1, 3 and 1; relu is nearly right, for half of its points. */
START_TEST(points_follow_the_rubric)
{
    grade_catalogue *catalogue = open_catalogue();
    grade_rubric *rubric;
    assay_error error = {0};
    support_assert_ok(read_rubric(rubrics[0].text, catalogue, &rubric, &error), &error);
    grade_battery *battery;
    support_assert_ok(assay_grade_battery_create(1, assay_grade_rubric_components(rubric), &battery, &error), &error);
    ck_assert_uint_eq(battery->part_count, 2);
    for (size_t p = 0; p < 2; p++) {
        answer_with(&battery->parts[p], 0);
    }
    battery->parts[0].answers[0].outputs.field[0].values[0] += 1e-7;
    battery->parts[1].answers[3].verdict = GRADE_CRASHED;
    judge(battery);
    grade_score score = assay_grade_score(battery, rubric, catalogue);
    ck_assert_str_eq(battery->parts[0].component->name, "relu");
    ck_assert_str_eq(battery->parts[0].results[0].mistake, "any.inexact");
    support_assert_relative("possible", score.possible, 12.5, 1e-12);
    support_assert_relative("earned", score.earned, 2.5 * (0.5 + 3.0) / 4.0 + 10.0 * 4.0 / 7.0, 1e-12);
    ck_assert(!assay_grade_full_marks(score));
    assay_grade_battery_destroy(battery);
    assay_grade_rubric_close(rubric);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* The outputs as a program in single precision would leave them. */
static void round_outputs(grade_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        const grade_fields *outputs = &part->answers[i].outputs;
        for (size_t f = 0; f < outputs->count; f++) {
            for (size_t k = 0; k < outputs->field[f].count; k++) {
                outputs->field[f].values[k] = (double)(float)outputs->field[f].values[k];
            }
        }
    }
}

/* Three components in single precision decide what the inexact values of a fourth are; two do not. */
START_TEST(single_precision_elsewhere_decides)
{
    static const char *const only[] = {"linear_forward", "linear_backward", "softmax", "relu", NULL};
    for (int single = 2; single <= 3; single++) {
        grade_battery *battery;
        assay_error error = {0};
        const grade_result *inexact = NULL;
        int rounded = 0;
        support_assert_ok(assay_grade_battery_create(1, only, &battery, &error), &error);
        for (size_t p = 0; p < battery->part_count; p++) {
            grade_part *part = &battery->parts[p];
            answer_with(part, 0);
            if (strcmp(part->component->name, "relu") == 0) {
                part->answers[0].outputs.field[0].values[0] += 1e-7;
                inexact = &part->results[0];
            } else if (rounded < single) {
                round_outputs(part);
                rounded++;
            }
        }
        judge(battery);
        ck_assert_str_eq(inexact->mistake, single == 3 ? "any.float32" : "any.inexact");
        assay_grade_battery_destroy(battery);
    }
}
END_TEST

/* The shape [1] for a number costs nothing, unless a rubric gives it less credit. */
START_TEST(another_shape_costs_what_the_rubric_says)
{
    static const char *const only[] = {"network_gradient", NULL};
    grade_catalogue *catalogue = open_catalogue();
    grade_battery *battery;
    grade_rubric *rubric;
    assay_error error = {0};
    support_assert_ok(read_rubric("{\"credit\": {\"any.singleton_axis\": 0.25}}", catalogue, &rubric, &error), &error);
    support_assert_ok(assay_grade_battery_create(1, only, &battery, &error), &error);
    answer_with(&battery->parts[0], 0);
    grade_field *loss = &battery->parts[0].answers[0].outputs.field[0];
    ck_assert(assay_grade_shape_compare(loss, 1, (const size_t[]){1}));
    judge(battery);
    ck_assert_str_eq(battery->parts[0].results[0].mistake, "any.singleton_axis");
    double cases = (double)battery->parts[0].count;
    support_assert_relative("usual", assay_grade_score(battery, NULL, catalogue).earned, cases, 1e-12);
    support_assert_relative("lower", assay_grade_score(battery, rubric, catalogue).earned, cases - 0.75, 1e-12);
    assay_grade_battery_destroy(battery);
    assay_grade_rubric_close(rubric);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* A suspicion takes all points, or what the rubric says; a teacher who has looked at it gives them back. */
START_TEST(suspicion_costs_what_the_rubric_says)
{
    static const char *const only[] = {"relu", NULL};
    grade_catalogue *catalogue = open_catalogue();
    grade_rubric *rubric;
    grade_battery *battery;
    assay_error error = {0};
    uint64_t with;
    uint64_t without;
    support_assert_ok(read_rubric("{\"suspicion\": 0.25, \"cleared\": [\"ada\"]}", catalogue, &rubric, &error), &error);
    support_assert_ok(assay_grade_battery_create(1, only, &battery, &error), &error);
    answer_with(&battery->parts[0], 0);
    judge(battery);
    double all = assay_grade_score(battery, NULL, catalogue).earned;
    snprintf(battery->suspicion, sizeof battery->suspicion, "x.so is linked to libassay");
    ck_assert(assay_grade_score(battery, NULL, catalogue).earned == 0.0);
    ck_assert(assay_grade_score(battery, rubric, catalogue).earned == 0.25 * all);
    battery->cleared = assay_grade_rubric_clears(rubric, "ada") && !assay_grade_rubric_clears(rubric, "bob");
    ck_assert(all > 0.0 && assay_grade_score(battery, rubric, catalogue).earned == all);
    /* Who is cleared is no other rubric: rows of one class stay comparable. */
    support_assert_ok(assay_grade_rubric_digest(rubric, &with, &error), &error);
    assay_grade_rubric_close(rubric);
    support_assert_ok(read_rubric("{\"suspicion\": 0.25}", catalogue, &rubric, &error), &error);
    support_assert_ok(assay_grade_rubric_digest(rubric, &without, &error), &error);
    ck_assert_uint_eq(with, without);
    assay_grade_rubric_close(rubric);
    assay_grade_battery_destroy(battery);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* --- reports ------------------------------------------------------------------------------------------------------ */

static char *report_text(grade_format format, size_t *size)
{
    grade_catalogue *catalogue = open_catalogue();
    grade_battery *battery = draw(1);
    assay_error error = {0};
    char *text = NULL;
    for (size_t p = 0; p < battery->part_count; p++) {
        grade_part *part = &battery->parts[p];
        if (part->component->model != NULL && strcmp(part->component->name, "sgd") != 0) {
            answer_with(part, strcmp(part->component->name, "adam") == 0
                                  ? number_of(part->component, "adam.first_correction_missing")
                                  : 0);
        } else {
            for (size_t i = 0; i < part->count; i++) {
                part->answers[i].verdict = part->component->model == NULL ? GRADE_MISSING : GRADE_TIMED_OUT;
                snprintf(part->answers[i].detail, sizeof part->answers[i].detail, "a <detail> & \"quotes\"");
            }
        }
    }
    judge(battery);
    grade_score score = assay_grade_score(battery, NULL, catalogue);
    grade_report report = {battery, catalogue, "someone.so", "", score, false};
    FILE *stream = open_memstream(&text, size);
    support_assert_ok(assay_grade_report_write(&report, format, stream, &error), &error);
    fclose(stream);
    assay_grade_battery_destroy(battery);
    assay_grade_catalogue_close(catalogue);
    return text;
}

START_TEST(the_table_names_mistake_and_hint)
{
    size_t size;
    char *text = report_text(GRADE_TABLE, &size);
    ck_assert_ptr_nonnull(strstr(text, "[adam.first_correction_missing]"));
    ck_assert_ptr_nonnull(strstr(text, "Hint: Which of the two averages starts at 0?"));
    ck_assert_ptr_nonnull(strstr(text, "updated0[0][0]: got "));
    ck_assert_ptr_nonnull(strstr(text, "timed out, a <detail>"));
    ck_assert_ptr_nonnull(strstr(text, "not implemented, not counted"));
    free(text);
}
END_TEST

START_TEST(gradescope_adds_up)
{
    size_t size;
    char *text = report_text(GRADE_GRADESCOPE, &size);
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    double sum = 0.0;
    size_t i;
    json_t *test;
    json_array_foreach(json_object_get(root, "tests"), i, test) {
        sum += json_number_value(json_object_get(test, "score"));
        ck_assert(json_is_string(json_object_get(test, "name")));
        ck_assert(json_number_value(json_object_get(test, "max_score")) > 0.0);
    }
    support_assert_relative("score", json_number_value(json_object_get(root, "score")), sum, 1e-12);
    ck_assert(sum > 0.0);
    json_decref(root);
    free(text);
}
END_TEST

START_TEST(json_names_every_case)
{
    size_t size;
    char *text = report_text(GRADE_JSON, &size);
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    size_t components;
    assay_grade_components(&components);
    ck_assert_uint_eq(json_array_size(json_object_get(root, "components")), components);
    ck_assert(json_is_false(json_object_get(root, "full_marks")));
    const json_t *first = json_array_get(json_object_get(root, "components"), 0);
    ck_assert_int_gt(json_integer_value(json_object_get(json_object_get(first, "named"), "planted")), 0);
    json_decref(root);
    free(text);
}
END_TEST

START_TEST(tap_counts_its_lines)
{
    size_t size;
    char *text = report_text(GRADE_TAP, &size);
    size_t plan = 0;
    size_t lines = 0;
    ck_assert_int_eq(sscanf(text, "TAP version 13\n1..%zu", &plan), 1);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        lines += strncmp(line, "ok ", 3) == 0 || strncmp(line, "not ok ", 7) == 0;
    }
    ck_assert_uint_eq(lines, plan);
    ck_assert_ptr_nonnull(strstr(text, "mistake: adam.first_correction_missing"));
    ck_assert_ptr_nonnull(strstr(text, "# SKIP not implemented"));
    free(text);
}
END_TEST

START_TEST(junit_is_escaped)
{
    size_t size;
    char *text = report_text(GRADE_JUNIT, &size);
    ck_assert_ptr_nonnull(strstr(text, "a &lt;detail&gt; &amp; &quot;quotes&quot;"));
    ck_assert_ptr_nonnull(strstr(text, "<failure type=\"adam.first_correction_missing\""));
    ck_assert_ptr_nonnull(strstr(text, "</testsuites>"));
    free(text);
}
END_TEST

/* If no known mistake explains the outputs, the report names the nearest one, if there is one. */
START_TEST(the_nearest_mistake_is_told)
{
    static const char *const only[] = {"adam", NULL};
    grade_catalogue *catalogue = open_catalogue();
    grade_battery *battery;
    assay_error error = {0};
    char *text = NULL;
    size_t size;
    support_assert_ok(assay_grade_battery_create(1, only, &battery, &error), &error);
    grade_part *part = &battery->parts[0];
    answer_with(part, 0);
    part->answers[0].outputs.field[0].values[0] += 100.0;
    judge(battery);
    ck_assert_int_eq(part->results[0].verdict, GRADE_WRONG);
    part->results[0].mistake = NULL;
    part->results[0].nearest = "adam.first_correction_missing";
    part->results[0].suspect = assay_grade_component_by_name("sgd");
    const grade_report report = {battery, catalogue, "someone.so", "", assay_grade_score(battery, NULL, catalogue),
                                 true};
    FILE *stream = open_memstream(&text, &size);
    support_assert_ok(assay_grade_report_write(&report, GRADE_TABLE, stream, &error), &error);
    fclose(stream);
    ck_assert_msg(strstr(text, "nearest known mistake: ") != NULL &&
                      strstr(text, "[adam.first_correction_missing]") != NULL &&
                      strstr(text, "this may come from \"SGD\"") != NULL,
                  "%s", text);
    char share[120];
    const grade_named named = assay_grade_catalogue_named(catalogue, "adam");
    assay_grade_named_text(&named, share, sizeof share);
    ck_assert_msg(named.planted > 20 && strstr(text, share) != NULL, "%s", text);
    free(text);
    assay_grade_battery_destroy(battery);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade");
    TCase *models = evidence_case("models",
                                  "property: grade/judge, grade/catalogue, grade/battery, grade/distribution");
    tcase_set_timeout(models, 120);
    tcase_add_test(models, every_entry_has_a_model);
    tcase_add_test(models, every_model_has_an_entry);
    tcase_add_test(models, shares_are_known);
    tcase_add_loop_test(models, the_correct_model_is_not_accused, 0, 10);
    tcase_add_test(models, usual_factors_do_not_coincide);
    tcase_add_test(models, coincidences_are_seen);
    tcase_add_test(models, one_seed_gives_one_battery);
    tcase_add_loop_test(models, distributions_are_told_apart, 0, 12);
    tcase_add_test(models, text_is_cleaned);
    suite_add_tcase(suite, models);
    /* Longer ones by themselves: the mutation audit runs those that reach a fault. */
    TCase *composites = evidence_case("composites", "property: grade/judge, grade/battery");
    tcase_set_timeout(composites, 120);
    tcase_add_test(composites, a_composite_follows_from_its_parts);
    tcase_add_test(composites, a_part_may_be_wrong_in_two_ways);
    tcase_add_test(composites, a_composite_has_mistakes_of_its_parts);
    tcase_add_loop_test(composites, a_parts_loss_is_averaged_in_the_same_way, 0, 6);
    tcase_add_test(composites, parts_behind_the_end_do_not_count);
    tcase_add_test(composites, parts_without_effect_are_no_reason);
    tcase_add_test(composites, difference_quotients_are_named);
    tcase_add_test(composites, a_composite_follows_and_has_a_part_of_its_own);
    tcase_add_loop_test(composites, roundings_are_named_in_all_cases, 0, 4);
    tcase_add_test(composites, extreme_cases_have_their_own_mistakes);
    tcase_add_test(composites, cases_beside_an_unexplained_part_are_explained);
    suite_add_tcase(suite, composites);
    TCase *searches = evidence_case("searches", "property: grade/judge, grade/battery");
    tcase_set_timeout(searches, 120);
    tcase_add_loop_test(searches, parts_that_count_are_used, 0, 8);
    tcase_add_test(searches, a_number_within_a_composite_is_solved_for);
    tcase_add_test(searches, an_unknown_mistake_is_not_named);
    suite_add_tcase(suite, searches);
    TCase *draws = evidence_case("draws", "property: grade/judge, grade/distribution");
    tcase_set_timeout(draws, 120);
    tcase_add_loop_test(draws, draws_that_are_none_are_found, 0, 3 * PATTERNS);
    tcase_add_test(draws, repeated_columns_are_one_sample);
    tcase_add_test(draws, draws_are_judged_in_their_case);
    tcase_add_test(draws, coarse_draws_are_draws);
    tcase_add_test(draws, one_number_with_both_signs_is_none);
    tcase_add_test(draws, a_fixed_deviation_is_shown);
    suite_add_tcase(suite, draws);
    TCase *exchange = evidence_case("exchange",
                                    "property: grade/exchange, grade/npy; errors: grade/exchange, grade/npy");
    tcase_add_loop_test(exchange, replies_are_judged_by_their_form, 0, (int)(sizeof replies / sizeof replies[0]));
    tcase_add_loop_test(exchange, shapes_have_names, 0, (int)(sizeof shapes / sizeof shapes[0]));
    tcase_add_loop_test(exchange, shapes_are_judged, 0, (int)(sizeof shape_replies / sizeof shape_replies[0]));
    tcase_add_test(exchange, files_of_a_reply_are_the_exchange_folders);
    tcase_add_loop_test(exchange, greetings_are_judged_by_their_form, 0, (int)(sizeof hellos / sizeof hellos[0]));
    tcase_add_test(exchange, null_is_no_number);
    tcase_add_test(exchange, numbers_of_a_reply_arrive);
    tcase_add_test(exchange, requests_carry_their_numbers_exactly);
    tcase_add_test(exchange, replies_have_an_end);
    tcase_add_test(exchange, replies_say_more);
    tcase_add_test(exchange, requests_name_their_files);
    tcase_add_test(exchange, batches_may_be_unequal);
    tcase_add_loop_test(exchange, npy_files_are_read_or_refused, 0, (int)(sizeof npy_files / sizeof npy_files[0]));
    tcase_add_test(exchange, npy_versions);
    tcase_add_test(exchange, npy_files_come_back_as_written);
    tcase_add_test(exchange, npy_files_keep_their_shape);
    tcase_add_test(exchange, npy_reader_follows_no_link);
    tcase_add_loop_test(exchange, headers_of_cases_are_checked, 0, (int)(sizeof cases_files / sizeof cases_files[0]));
    tcase_add_test(exchange, imports_have_a_precision);
    tcase_add_test(exchange, exports_say_what_is_wanted);
    tcase_add_test(exchange, outputs_are_imported_or_missed);
    suite_add_tcase(suite, exchange);
    TCase *reports = evidence_case("reports", "property: grade/report, grade/rubric; errors: grade/rubric");
    tcase_add_loop_test(reports, rubrics_are_checked, 0, (int)(sizeof rubrics / sizeof rubrics[0]));
    tcase_add_test(reports, points_follow_the_rubric);
    tcase_add_test(reports, single_precision_elsewhere_decides);
    tcase_add_test(reports, another_shape_costs_what_the_rubric_says);
    tcase_add_test(reports, suspicion_costs_what_the_rubric_says);
    tcase_add_test(reports, the_table_names_mistake_and_hint);
    tcase_add_test(reports, the_nearest_mistake_is_told);
    tcase_add_test(reports, gradescope_adds_up);
    tcase_add_test(reports, json_names_every_case);
    tcase_add_test(reports, tap_counts_its_lines);
    tcase_add_test(reports, junit_is_escaped);
    suite_add_tcase(suite, reports);
    return support_run(suite);
}
