#include "grade/search.h"

#include <string.h>

typedef struct {
    const grade_component *component;
    grade_visit *visit;
    void *context;
    grade_choice choice;
    bool ended;
} walk;

const grade_free *assay_grade_free_level(const grade_component *component, const grade_choice *choice)
{
    for (size_t a = 0; a < component->axis_count; a++) {
        for (size_t i = 0; i < component->axes[a].free_count; i++) {
            if (choice->level[a] != 0 && choice->level[a] == component->axes[a].free[i].level) {
                return &component->axes[a].free[i];
            }
        }
    }
    return NULL;
}

static bool is_free(const grade_axis *axis, int level)
{
    for (size_t i = 0; i < axis->free_count && level != 0; i++) {
        if (axis->free[i].level == level) {
            return true;
        }
    }
    return false;
}

const char *assay_grade_free_id(const grade_component *component, const grade_choice *choice)
{
    for (size_t a = 0; a < component->axis_count; a++) {
        if (is_free(&component->axes[a], choice->level[a])) {
            return component->axes[a].ids[choice->level[a]];
        }
    }
    return NULL;
}

/* Whether a level may join the choice: two free numbers are not solved for together, but one may be in two places. */
static bool may_join(const grade_component *component, const grade_choice *choice, const grade_axis *axis, int level)
{
    bool may = true;
    for (size_t a = 0; a < component->axis_count && is_free(axis, level); a++) {
        const grade_axis *other = &component->axes[a];
        may = may && (other == axis || !is_free(other, choice->level[a]) || (other->shares && axis->shares));
    }
    return may;
}

/* Sets `conventions` and `mistakes` more axes, from `first` on, so that each set of levels is visited once. */
static void walk_axes(walk *w, size_t first, size_t conventions, size_t mistakes)
{
    if (conventions + mistakes == 0) {
        w->ended = !w->visit(&w->choice, w->context);
        return;
    }
    for (size_t a = first; a < w->component->axis_count && !w->ended; a++) {
        const grade_axis *axis = &w->component->axes[a];
        size_t left = axis->convention ? conventions : mistakes;
        if (left == 0 || w->choice.level[a] != 0) {
            continue;
        }
        for (int k = 1; k < axis->count && !w->ended; k++) {
            if (!may_join(w->component, &w->choice, axis, k)) {
                continue;
            }
            w->choice.level[a] = (unsigned char)k;
            walk_axes(w, a + 1, conventions - axis->convention, mistakes - !axis->convention);
        }
        w->choice.level[a] = 0;
    }
}

void assay_grade_search(const grade_component *component, const grade_choice *base, size_t conventions, size_t mistakes,
                        grade_visit *visit, void *context)
{
    walk w = {component, visit, context, *base, false};
    walk_axes(&w, 0, conventions, mistakes);
}

bool assay_grade_is_rare(const grade_component *component, const grade_choice *choice)
{
    for (size_t a = 0; a < component->axis_count; a++) {
        if (component->axes[a].rare != 0 && choice->level[a] >= component->axes[a].rare) {
            return true;
        }
    }
    return false;
}

size_t assay_grade_choice_names(const grade_component *component, const grade_choice *choice,
                                const char *names[GRADE_MAX_NAMES])
{
    size_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t a = 0; a < component->axis_count; a++) {
            const grade_axis *axis = &component->axes[a];
            if (choice->level[a] == 0 || axis->convention != (pass == 0)) {
                continue;
            }
            const char *id = axis->ids[choice->level[a]];
            bool known = false;
            for (size_t i = 0; i < count; i++) {
                known = known || strcmp(names[i], id) == 0;
            }
            if (!known && count < GRADE_MAX_NAMES) {
                names[count++] = id;
            }
        }
    }
    return count;
}
