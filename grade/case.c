#include "grade/case.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>

/* Enough for a case of every component but the initializers. */
enum { USUAL_NUMBERS = 2048 };

static assay_status fields_create(grade_fields *fields, size_t capacity, assay_error *error)
{
    memset(fields, 0, sizeof *fields);
    fields->capacity = capacity;
    /* assay_calloc would write every byte. The pools of one grading have 16 MB, of which little is ever used. */
    fields->pool = calloc(capacity + 1, sizeof *fields->pool); /* calloc(0, ...) may return NULL */
    return fields->pool == NULL ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a case") : ASSAY_OK;
}

void assay_grade_fields_clear(grade_fields *fields)
{
    free(fields->pool);
    memset(fields, 0, sizeof *fields);
}

assay_status assay_grade_fields_like(const grade_fields *like, grade_fields *made, assay_error *error)
{
    ASSAY_TRY(fields_create(made, like->used, error));
    made->count = like->count;
    made->used = like->used;
    for (size_t i = 0; i < like->count; i++) {
        made->field[i] = like->field[i];
        if (like->field[i].values != NULL) {
            made->field[i].values = made->pool + (like->field[i].values - like->pool);
        }
    }
    return ASSAY_OK;
}

/*
 * Cases are independent of each other, so the seed of each is hashed from all three numbers (splitmix64's
 * finaliser).
 */
static uint64_t case_seed(uint64_t seed, const char *component, size_t index)
{
    uint64_t z = seed + 0x9e3779b97f4a7c15u * (index + 1);
    for (const char *c = component; *c != '\0'; c++) {
        z = (z ^ (unsigned char)*c) * 0x100000001b3u;
    }
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

assay_status assay_grade_case_create(const grade_component *component, size_t index, uint64_t seed, grade_case **made,
                                     assay_error *error)
{
    *made = NULL;
    grade_case *drawn = assay_calloc(1, sizeof *drawn, error);
    if (drawn == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    drawn->component = component;
    drawn->index = index;
    /* f64: room for another order of summation. f32: 80 units in the last place. */
    drawn->tolerance[GRADE_F64] = 1e-9;
    drawn->tolerance[GRADE_F32] = 1e-5;
    size_t numbers = component->numbers == 0 ? USUAL_NUMBERS : component->numbers;
    if (fields_create(&drawn->inputs, numbers, error) != ASSAY_OK ||
        fields_create(&drawn->outputs, numbers, error) != ASSAY_OK) {
        assay_grade_case_destroy(drawn);
        return ASSAY_ERROR_MEMORY;
    }
    assay_mt19937 random;
    assay_mt19937_seed(&random, case_seed(seed, component->name, index));
    component->make(index, &random, drawn);
    if (component->model != NULL) {
        component->model(drawn, &GRADE_TUTORIAL, &drawn->outputs);
    }
    *made = drawn;
    return ASSAY_OK;
}

void assay_grade_case_destroy(grade_case *graded)
{
    if (graded != NULL) {
        assay_grade_fields_clear(&graded->inputs);
        assay_grade_fields_clear(&graded->outputs);
        assay_free(graded);
    }
}

/* Case makers are written by us: too many fields or numbers is a mistake in this folder, not an input's fault. */
static grade_field *add_field(grade_fields *fields, const char *name)
{
    assert(fields->count < GRADE_MAX_FIELDS); /* LCOV_EXCL_BR_LINE: a case of ours with too many fields */
    grade_field *field = &fields->field[fields->count++];
    memset(field, 0, sizeof *field);
    snprintf(field->name, sizeof field->name, "%s", name);
    return field;
}

static double *add_tensor(grade_fields *fields, const char *name, size_t rank, const size_t *shape)
{
    grade_field *field = add_field(fields, name);
    field->rank = rank;
    field->count = 1;
    for (size_t i = 0; i < rank; i++) {
        field->shape[i] = shape[i];
        field->count *= shape[i];
    }
    assert(fields->used + field->count <=
           fields->capacity); /* LCOV_EXCL_BR_LINE: a case of ours with too many numbers */
    field->values = fields->pool + fields->used;
    fields->used += field->count;
    return field->values;
}

double *assay_grade_tensor0(grade_fields *fields, const char *name)
{
    return add_tensor(fields, name, 0, NULL);
}

double *assay_grade_tensor1(grade_fields *fields, const char *name, size_t n0)
{
    return add_tensor(fields, name, 1, (size_t[]){n0});
}

double *assay_grade_tensor2(grade_fields *fields, const char *name, size_t n0, size_t n1)
{
    return add_tensor(fields, name, 2, (size_t[]){n0, n1});
}

void assay_grade_text(grade_fields *fields, const char *name, const char *text)
{
    grade_field *field = add_field(fields, name);
    field->kind = GRADE_TEXT;
    field->text = text;
}

void assay_grade_integers(grade_fields *fields)
{
    assert(fields->count > 0); /* LCOV_EXCL_BR_LINE: a maker of ours that calls this first */
    fields->field[fields->count - 1].kind = GRADE_INTEGER;
}

void assay_grade_ragged(grade_fields *fields)
{
    assert(fields->count > 0); /* LCOV_EXCL_BR_LINE: as above */
    fields->field[fields->count - 1].ragged = true;
}

const char *assay_grade_numbered(char name[GRADE_NAME_LENGTH], const char *stem, size_t number)
{
    /* By hand: models call this often, and snprintf would take a tenth of a search. */
    char digits[8];
    size_t count = 0;
    size_t length = strlen(stem);
    assert(length <= 12 && number < 10000000); /* LCOV_EXCL_BR_LINE: names of ours */
    memcpy(name, stem, length);
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) {
        name[length++] = digits[--count];
    }
    name[length] = '\0';
    return name;
}

const grade_field *assay_grade_find(const grade_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (strcmp(fields->field[i].name, name) == 0) {
            return &fields->field[i];
        }
    }
    return NULL;
}

double *assay_grade_values(const grade_fields *fields, const char *name)
{
    const grade_field *field = assay_grade_find(fields, name);
    assert(field != NULL); /* LCOV_EXCL_BR_LINE: a model of ours that misspells a field */
    return field->values;
}

double assay_grade_number(const grade_fields *fields, const char *name)
{
    return assay_grade_values(fields, name)[0];
}

double assay_grade_in_range(const grade_choice *choice, double value)
{
    if (!choice->single || isnan(value)) {
        return value;
    }
    return value > FLT_MAX ? HUGE_VAL : value < FLT_TRUE_MIN ? 0.0 : value;
}

double assay_grade_exponential(const grade_choice *choice, double x)
{
    return assay_grade_in_range(choice, exp(x));
}

grade_choice assay_grade_part_choice(const grade_choice *whole, const grade_component *part)
{
    for (size_t i = 0; whole->upstream != NULL && i < whole->upstream->count; i++) {
        if (whole->upstream->part[i].component == part) {
            return whole->upstream->part[i].choice;
        }
    }
    return GRADE_TUTORIAL;
}

double assay_grade_uniform(assay_mt19937 *random, double lower, double upper)
{
    double unit = (assay_mt19937_random32(random) >> 8) * 0x1p-24;
    return (double)(float)(lower + (upper - lower) * unit);
}

size_t assay_grade_index(assay_mt19937 *random, size_t count)
{
    return assay_mt19937_random32(random) % count;
}

void assay_grade_normals(assay_mt19937 *random, size_t count, double std, double *values)
{
    float chunk[64];
    for (size_t done = 0; done < count;) {
        size_t now = count - done < 64 ? count - done : 64;
        assay_mt19937_normal(random, now, 0.0, std, chunk);
        for (size_t i = 0; i < now; i++) {
            values[done + i] = (double)chunk[i];
        }
        done += now;
    }
}
