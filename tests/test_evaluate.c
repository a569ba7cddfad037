/* assay evaluate, end to end: the author's saved models give the author's scores, and mistakes get one clear line. */
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/model/model.h>
#include <assay/model/safetensors.h>
#include "support.h"

/* Test accuracies as the tutorial prints them, best validation scores as in the author's *_results.json. */
static const struct {
    const char *name;
    const char *test;
    const char *validation;
    double test_score;
    double validation_score;
} models[] = {
    {"FashionMNIST_SGD", "test accuracy        0.8909  (8909 of 10000)\n",
     "validation accuracy  0.8987  (8987 of 10000, split of seed 42)\n", 0.8909, 0.8987},
    {"FashionMNIST_SGDMom", "test accuracy        0.8883  (8883 of 10000)\n",
     "validation accuracy  0.8954  (8954 of 10000, split of seed 42)\n", 0.8883, 0.8954},
    {"FashionMNIST_Adam", "test accuracy        0.8946  (8946 of 10000)\n",
     "validation accuracy  0.8978  (8978 of 10000, split of seed 42)\n", 0.8946, 0.8978},
};

static support_result evaluate(const char *arguments)
{
    char *command = assay_asprintf(NULL, "'%s' evaluate %s", support_program(), arguments);
    support_result result = support_shell(command);
    assay_free(command);
    return result;
}

static void assert_scores(const char *arguments, int model)
{
    support_result result = evaluate(arguments);
    ck_assert_msg(result.status == 0, "%s", result.errors);
    ck_assert_str_eq(result.errors, "");
    ck_assert_msg(strstr(result.output, models[model].test) != NULL, "%s", result.output);
    ck_assert_msg(strstr(result.output, models[model].validation) != NULL, "%s", result.output);
    support_result_free(&result);
}

START_TEST(authors_scores)
{
    char *folder = support_make_folder();
    char *arguments = assay_asprintf(NULL, "'%s/%s.tar' --data '%s' --json '%s/result.json'",
                                     support_pretrained_folder(), models[_i].name, support_data_folder(), folder);
    assert_scores(arguments, _i);
    char *path = assay_asprintf(NULL, "%s/result.json", folder);
    json_t *json = json_load_file(path, 0, NULL);
    ck_assert(json_real_value(json_object_get(json, "test_acc")) == models[_i].test_score);
    ck_assert(json_real_value(json_object_get(json, "val_score")) == models[_i].validation_score);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "hidden_sizes")), 4);
    json_decref(json);
    assay_free(path);
    assay_free(arguments);
    support_remove_folder(folder);
}
END_TEST

/* Written again as safetensors without and with a configuration, the model is still the same model. */
START_TEST(same_scores_as_safetensors)
{
    assay_error error;
    assay_model model;
    char *config = NULL;
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/model.safetensors", folder);
    char *source = assay_asprintf(NULL, "%s/%s.tar", support_pretrained_folder(), models[0].name);
    support_assert_ok(assay_model_open(source, NULL, &model, &error), &error);
    support_assert_ok(assay_safetensors_write(path, model.state, &error), &error);

    char *plain = assay_asprintf(NULL, "'%s' --data '%s'", path, support_data_folder());
    support_result result = evaluate(plain);
    ck_assert_int_eq(result.status, 1);
    ck_assert_msg(strstr(result.errors, "name it with --activation") != NULL, "%s", result.errors);
    ck_assert_str_eq(result.output, "");
    support_result_free(&result);
    char *named = assay_asprintf(NULL, "%s --activation relu --backend openblas:f64", plain);
    assert_scores(named, 0);

    support_assert_ok(assay_model_config_print(&model.config, &config, &error), &error);
    support_assert_ok(assay_state_set_text(model.state, ASSAY_MODEL_CONFIG_KEY, config, &error), &error);
    support_assert_ok(assay_safetensors_write(path, model.state, &error), &error);
    assert_scores(plain, 0);
    assay_model_close(&model);
    assay_free(config);
    assay_free(named);
    assay_free(plain);
    assay_free(source);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

static const struct {
    const char *arguments; /* $G is the golden files' folder */
    int status;
    const char *error;
} mistakes[] = {
    {"", 2, "FILE is missing"},
    {"a b", 2, "unexpected argument 'b'"},
    {"a --nothing", 2, "unknown option --nothing"},
    {"a --json", 2, "option --json needs a value"},
    {"a --threads 0", 2, "--threads 0 is not a number"},
    {"a --seed x", 2, "--seed x is not a whole number"},
    {"missing.tar", 1, "missing.tar: cannot be opened"},
    {"\"$G\"", 1, "is not a regular file"},
    {"\"$G/model/malicious.pt\"", 1, "could run code: PyTorch and Python would load or call 'posix.system'"},
    {"\"$G/model/network.pt\"", 1, "a network of 5 inputs and 2 classes does not fit Fashion-MNIST"},
    {"\"$G/model/network.pt\" --activation softmax", 1, "softmax"},
};

START_TEST(mistakes_get_one_line)
{
    const char *golden = getenv("GOLDEN_DIR");
    setenv("G", golden != NULL ? golden : "golden", 1);
    support_result result = evaluate(mistakes[_i].arguments);
    ck_assert_int_eq(result.status, mistakes[_i].status);
    ck_assert_str_eq(result.output, "");
    ck_assert_msg(strstr(result.errors, mistakes[_i].error) != NULL, "%s", result.errors);
    ck_assert_ptr_eq(strstr(result.errors, "assay evaluate: "), result.errors);
    ck_assert_ptr_eq(strchr(result.errors, '\n'), result.errors + strlen(result.errors) - 1);
    support_result_free(&result);
}
END_TEST

START_TEST(missing_data_is_named)
{
    char *arguments = assay_asprintf(NULL, "'%s/%s.tar' --data /nowhere", support_pretrained_folder(), models[0].name);
    support_result result = evaluate(arguments);
    ck_assert_int_eq(result.status, 1);
    ck_assert_msg(strstr(result.errors, "/nowhere") != NULL, "%s", result.errors);
    ck_assert_msg(strstr(result.errors, "(--data DIR)") != NULL, "%s", result.errors);
    support_result_free(&result);
    assay_free(arguments);
}
END_TEST

/* Whether the backend is in the build or not: hidden from CUDA, there is no GPU. */
START_TEST(a_missing_gpu_is_named)
{
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    char *arguments = assay_asprintf(NULL, "'%s/%s.tar' --data '%s' --backend cuda", support_pretrained_folder(),
                                     models[0].name, support_data_folder());
    support_result result = evaluate(arguments);
    ck_assert_int_eq(result.status, 1);
    ck_assert_str_eq(result.output, "");
    ck_assert_msg(strstr(result.errors, "use --backend openblas") != NULL, "%s", result.errors);
    ck_assert_ptr_eq(strchr(result.errors, '\n'), result.errors + strlen(result.errors) - 1);
    support_result_free(&result);
    assay_free(arguments);
}
END_TEST

static Suite *suite(void)
{
    Suite *made = suite_create("evaluate");
    TCase *lines = evidence_case("mistakes", "errors: program/evaluate");
    tcase_add_loop_test(lines, mistakes_get_one_line, 0, sizeof mistakes / sizeof *mistakes);
    suite_add_tcase(made, lines);
    if (support_pretrained_folder() != NULL && support_data_folder() != NULL) {
        TCase *scores = evidence_case("scores", "golden: program/evaluate, model/torch_zip, model/model");
        tcase_set_timeout(scores, 120);
        tcase_add_loop_test(scores, authors_scores, 0, sizeof models / sizeof *models);
        tcase_add_test(scores, same_scores_as_safetensors);
        tcase_add_test(scores, missing_data_is_named);
        tcase_add_test(scores, a_missing_gpu_is_named);
        suite_add_tcase(made, scores);
    }
    return made;
}

int main(void)
{
    return support_run(suite());
}
