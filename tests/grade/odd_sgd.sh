#!/bin/sh
# SGD in C with another direction or rate: it is named, or no name is given; a false name never.
# evidence: property: grade/components, grade/diagnose, grade/explain
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
cat >"$folder/head.c" <<'END'
#include <math.h>
#include <stdlib.h>
#include <assay/student.h>

typedef struct {
    size_t tensors;
    size_t lengths[8];
    double lr;
    int t;
} sgd;

void *student_sgd_create(size_t tensors, const size_t *lengths, double learning_rate)
{
    sgd *s = calloc(1, sizeof *s);
    s->tensors = tensors;
    for (size_t k = 0; k < tensors; k++) {
        s->lengths[k] = lengths[k];
    }
    s->lr = learning_rate;
    return s;
}

void student_sgd_destroy(void *optimizer)
{
    free(optimizer);
}

void student_sgd_step(void *optimizer, double *const *parameters, const double *const *gradients)
{
    sgd *s = optimizer;
    double t = ++s->t;
    double lr = s->lr;
    for (size_t k = 0; k < s->tensors; k++) {
        double norm = 0.0;
        for (size_t i = 0; i < s->lengths[k]; i++) {
            norm += gradients[k][i] * gradients[k][i];
        }
        norm = sqrt(norm);
        for (size_t i = 0; i < s->lengths[k]; i++) {
            double g = gradients[k][i];
            double w = parameters[k][i];
            (void)t;
            parameters[k][i] = STEP;
        }
    }
    (void)lr;
}
END
# The update, and the only name that it may get.
while IFS='|' read -r update name; do
    sed "s:STEP:$update:" "$folder/head.c" >"$folder/submission.c"
    graded $([ "$name" = right ] && echo 0 || echo 1) --only sgd "$folder/submission.c"
    case $name in
    right) ;;
    none) says out "no known mistake" ;;
    *) says out "[sgd.$name]" ;;
    esac
    others=$(grep -o '>> .*\[[a-z_.0-9]*\]' "$folder/out" | grep -cv "\[sgd.$name\]")
    [ "$others" -eq 0 ] || {
        cat "$folder/out"
        fail "$update has a false name"
    }
done <<'END'
w - lr * g|right
w - lr * g * g|none
w - lr * ((g > 0) - (g < 0))|sign_of_gradient
w - lr * g / fabs(g)|sign_of_gradient
w - lr * g / norm|gradient_normalised
w - lr * (g + w)|weight_decay
w - lr / t * g|learning_rate_per_step
w - lr / sqrt(t) * g|learning_rate_decays
w - lr * pow(0.9, t - 1) * g|learning_rate_decays
w - lr * g * fmin(1, 0.7 / norm)|gradient_norm_clipped
w * 0.99 - lr * g|decoupled_decay
w - lr * g * fabs(g)|none
w - lr * tanh(g)|none
END
