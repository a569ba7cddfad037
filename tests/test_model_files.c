/*
 * Model files as people have them: what golden/scripts/files.py makes of each kind with PyTorch, one row after the
 * other through the program; what assay convert writes, read by PyTorch; and files that are large or odd; outputs that
 * are inputs.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/base/text.h>
#include <assay/model/model.h>
#include <assay/model/safetensors.h>
#include <assay/model/torch_zip.h>
#include "support.h"

/* A data folder that does not exist: if the message is about it, the model was accepted. */
#define NO_DATA "/nowhere/with/data"

static char *folder;
static json_t *rows;

static char *source_path(const char *name)
{
    const char *source = getenv("ASSAY_SOURCE");
    return assay_asprintf(NULL, "%s/%s", source != NULL ? source : ".", name);
}

/* The program with these arguments, run in the folder of the files. */
static support_result run(const char *arguments)
{
    char *command = assay_asprintf(NULL, "cd '%s' && '%s' %s", folder, support_program(), arguments);
    support_result result = support_shell(command);
    assay_free(command);
    return result;
}

static void assert_run(const char *arguments, int status, const char *says)
{
    support_result result = run(arguments);
    ck_assert_msg(result.status == status && strstr(result.errors, says) != NULL,
                  "assay %s: status %d: '%s' lacks '%s'", arguments, result.status, result.errors, says);
    support_result_free(&result);
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static const char *row_text(int row, const char *key)
{
    return json_string_value(json_object_get(json_array_get(rows, (size_t)row), key));
}

START_TEST(each_kind_of_file)
{
    const char *file = row_text(_i, "file");
    const char *says = row_text(_i, "says");
    bool wanted = json_is_true(json_object_get(json_array_get(rows, (size_t)_i), "read"));
    char *arguments = assay_asprintf(NULL, "evaluate %s --activation ReLU --data " NO_DATA, file);
    support_result result = run(arguments);
    bool read = strstr(result.errors, NO_DATA) != NULL;
    ck_assert_int_eq(result.status, 1);
    ck_assert_msg(read == wanted, "%s: %s", file, result.errors);
    ck_assert_msg(strstr(result.errors, says) != NULL, "%s: '%s' lacks '%s'", file, result.errors, says);
    /* One line; notes before it only where the table has one. */
    const char *end = strchr(result.errors, '\n');
    ck_assert_msg((read && *says != '\0') || end == result.errors + strlen(result.errors) - 1, "%s", result.errors);
    ck_assert_msg(strstr(result.errors, "opcode") == NULL && strstr(result.errors, "byte ") == NULL, "%s",
                  result.errors);
    support_result_free(&result);
    assay_free(arguments);
}
END_TEST

/* Every row of the script is in doc/files.md, word for word. */
START_TEST(the_page_has_the_table)
{
    assay_error error;
    char *script = source_path("golden/scripts/files.py");
    char *page = source_path("doc/files.md");
    char *command = assay_asprintf(NULL, SUPPORT_UNSANITIZED "python3 '%s' --table", script);
    char *text = NULL;
    size_t size = 0;
    support_result table = support_shell(command);
    ck_assert_msg(table.status == 0, "%s", table.errors);
    support_assert_ok(assay_file_read(page, 1 << 20, &text, &size, &error), &error);
    ck_assert_msg(strstr(text, table.output) != NULL, "doc/files.md lacks what golden/scripts/files.py --table prints");
    assay_free(text);
    support_result_free(&table);
    assay_free(command);
    assay_free(page);
    assay_free(script);
}
END_TEST

/* The same weights, whatever they were wrapped in. */
START_TEST(wrapped_weights_are_the_same)
{
    static const char *const files[] = {"protocol1.pt",     "protocol2.pt", "protocol3.pt", "protocol4.pt",
                                        "protocol5.pt",     "legacy2.pt",   "legacy4.pt",   "lightning.ckpt",
                                        "all_prefixes.pt",  "views.pt",     "double.pt",    "named.pt",
                                        "plain.safetensors"};
    assay_error error;
    assay_model plain;
    char *path = assay_asprintf(NULL, "%s/state_dict.pt", folder);
    support_assert_ok(assay_model_open(path, NULL, &plain, &error), &error);
    assay_free(path);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assay_model other;
        path = assay_asprintf(NULL, "%s/%s", folder, files[i]);
        support_assert_ok(assay_model_open(path, NULL, &other, &error), &error);
        ck_assert_uint_eq(other.layers.count, 2);
        for (size_t layer = 0; layer < 2; layer++) {
            const assay_stored_tensor *a = plain.layers.weights[layer];
            const assay_stored_tensor *b = other.layers.weights[layer];
            ck_assert_uint_eq(a->count, b->count);
            double *values = assay_calloc(2 * a->count, sizeof *values, NULL);
            assay_stored_tensor_to_f64(a, values);
            assay_stored_tensor_to_f64(b, values + a->count);
            ck_assert_msg(memcmp(values, values + a->count, a->count * sizeof *values) == 0, "%s", files[i]);
            assay_free(values);
        }
        assay_model_close(&other);
        assay_free(path);
    }
    assay_model_close(&plain);
}
END_TEST

/* --- cut files --------------------------------------------------------------------------------------------------- */

static const char *const cuts[] = {"state_dict.pt", "legacy2.pt", "legacy4.pt", "plain.safetensors", "lightning.ckpt"};

/* However many bytes are missing, the file is refused, and the message asks whether all of it is there. */
START_TEST(files_cut_at_each_length)
{
    assay_error error = {0};
    char *bytes = NULL;
    size_t size = 0;
    char *path = assay_asprintf(NULL, "%s/%s", folder, cuts[_i]);
    support_assert_ok(assay_file_read(path, 1 << 20, &bytes, &size, &error), &error);
    for (size_t length = 0; length < size; length++) {
        assay_model_format format;
        assay_state *state = NULL;
        char *copy = assay_calloc(length > 0 ? length : 1, 1, NULL); /* of this size: a read behind it is seen */
        memcpy(copy, bytes, length);
        assay_status status = assay_model_parse(copy, length, cuts[_i], &format, &state, NULL, &error);
        ck_assert_msg(status == ASSAY_ERROR_FORMAT, "%s, %zu of %zu bytes: read", cuts[_i], length, size);
        ck_assert_msg(length < 10 || strstr(error.message, "is the download complete?") != NULL,
                      "%s, %zu of %zu bytes: %s", cuts[_i], length, size, error.message);
        assay_free(copy);
    }
    assay_free(bytes);
    assay_free(path);
}
END_TEST

/* --- convert ----------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

typedef assay_status state_writer(const char *path, const assay_state *state, assay_error *error);

/* As assay convert does it, without a process for each file. False where the file holds nothing to convert. */
static bool convert_file(const char *from, const char *to, state_writer *write)
{
    assay_error error = {0};
    assay_model model = {0};
    char *input = assay_asprintf(NULL, "%s/%s", folder, from);
    char *output = assay_asprintf(NULL, "%s/%s", folder, to);
    assay_status status = assay_model_load(input, &model, &error);
    bool holds = status == ASSAY_OK && assay_state_count(model.state) > 0;
    if (holds) {
        support_assert_ok(write(output, model.state, &error), &error);
    }
    assay_model_close(&model);
    assay_free(output);
    assay_free(input);
    return holds;
}

/* To safetensors and back; whether there was something to convert. */
static bool convert_row(int row)
{
    const char *file = row_text(row, "file");
    char *there = assay_asprintf(NULL, "%s.there.safetensors", file);
    char *back = assay_asprintf(NULL, "%s.back.pt", file);
    bool converted = convert_file(file, there, assay_safetensors_write);
    ck_assert_msg(converted || !json_is_true(json_object_get(json_array_get(rows, (size_t)row), "read")), "%s", file);
    ck_assert(!converted || convert_file(there, back, assay_torch_zip_write));
    assay_free(back);
    assay_free(there);
    return converted;
}

/* PyTorch and safetensors are asked: of each kind that torch.save wrote, they read what was in it. */
START_TEST(converted_files_are_read_by_pytorch)
{
    int count = 0;
    char number[80];
    char *reader = source_path("tests/convert_reader.py");
    char *command = assay_asprintf(NULL, SUPPORT_UNSANITIZED "/usr/bin/python3 '%s' '%s'", reader, folder);
    for (int i = 0; i < (int)json_array_size(rows); i++) {
        const char *file = row_text(i, "file");
        count += (ends_with(file, ".pt") || ends_with(file, ".ckpt")) && convert_row(i);
    }
    support_result result = support_shell(command);
    ck_assert_msg(result.status == 0, "%s", result.errors);
    snprintf(number, sizeof number, ": %d files of torch.load(weights_only=True)", count);
    ck_assert_int_gt(count, 70);
    ck_assert_msg(strstr(result.output, number) != NULL, "%s lacks %s", result.output, number);
    support_result_free(&result);
    assay_free(command);
    assay_free(reader);
}
END_TEST

static void write_small_network(const char *name)
{
    assay_error error;
    assay_state *state = NULL;
    const float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_state_put(state, "layers.0.weight", ASSAY_DTYPE_F32, 2, (size_t[]){2, 3}, values, &error),
                      &error);
    support_assert_ok(assay_state_put(state, "layers.0.bias", ASSAY_DTYPE_F32, 1, (size_t[]){2}, values, &error),
                      &error);
    support_assert_ok(
        assay_state_put(state, "\xe2\x80\xaegp\x1b[31m", ASSAY_DTYPE_I8, 1, (size_t[]){2}, values, &error), &error);
    support_assert_ok(assay_state_set_text(state, ASSAY_MODEL_CONFIG_KEY,
                                           "{\"act_fn\": \"Tanh\", \"input_size\": 3, \"num_classes\": 2, "
                                           "\"hidden_sizes\": []}",
                                           &error),
                      &error);
    support_assert_ok(assay_safetensors_write(path, state, &error), &error);
    assay_state_destroy(state);
    assay_free(path);
}

/* To another format and back, with the configuration. An error is one line, and nothing is overwritten. */
START_TEST(convert_round_trip)
{
    assay_error error;
    char *bytes[2];
    size_t sizes[2];
    write_small_network("small.safetensors");
    assert_run("convert small.safetensors small_back.pt", 0, "");
    assert_run("convert small_back.pt small_again.safetensors", 0, "");
    assert_run("convert small.safetensors small_back.pt", 0, "small_back.config is there already");
    for (int i = 0; i < 2; i++) {
        char *path = assay_asprintf(NULL, "%s/%s", folder, i == 0 ? "small.safetensors" : "small_again.safetensors");
        support_assert_ok(assay_file_read(path, 1 << 20, &bytes[i], &sizes[i], &error), &error);
        assay_free(path);
    }
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(bytes[0], bytes[1], sizes[0]);
    assay_free(bytes[0]);
    assay_free(bytes[1]);
    if (rows != NULL) {
        assert_run("convert complex.pt complex.safetensors", 0, "type C64, which safetensors 0.5");
    }
    assert_run("convert small.safetensors", 2, "IN and OUT are needed");
    assert_run("convert small.safetensors a.pt b", 2, "unexpected argument 'b'");
    assert_run("convert small.safetensors a.onnx", 2, "its suffix names no format");
    assert_run("convert small.safetensors ./small.safetensors", 2, "would be overwritten");
    assert_run("convert small_back.config a.pt", 1, "is JSON text");
    assert_run("convert small_back.pt /nowhere/a.safetensors", 1, "/nowhere/a.safetensors: cannot be written");
}
END_TEST

/* --- lists ------------------------------------------------------------------------------------------------------- */

START_TEST(list_prints_each_tensor)
{
    write_small_network("listed.safetensors");
    support_result result = run("evaluate --list listed.safetensors");
    ck_assert_msg(result.status == 0, "%s", result.errors);
    ck_assert_msg(strstr(result.output, "[2, 3]           F32                3.5       1.87083  layers.0.weight\n") !=
                      NULL,
                  "%s", result.output);
    ck_assert_msg(strstr(result.output, "?gp?[31m\n") != NULL && strchr(result.output, '\x1b') == NULL, "%s",
                  result.output);
    support_result_free(&result);
    result = run("evaluate --list listed.safetensors --json -");
    json_t *json = json_loads(result.output, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "tensors")), 3);
    json_decref(json);
    for (const char *c = result.output; *c != '\0'; c++) {
        ck_assert_msg((*c >= ' ' && *c <= '~') || *c == '\n', "%s", result.output);
    }
    support_result_free(&result);
}
END_TEST

/* --- outputs over inputs ----------------------------------------------------------------------------------------- */

/* Outputs that are inputs, under any name. */
static const struct {
    const char *arguments;
    int status;
    const char *says;
} ways[] = {
    {"evaluate own.safetensors --json own.safetensors", 2, "would be overwritten"},
    {"evaluate own.safetensors --json ./../${PWD##*/}/own.safetensors", 2, "would be overwritten"},
    {"evaluate own.safetensors --json soft", 2, "would be overwritten"},
    {"evaluate own.safetensors --json hard", 2, "would be overwritten"},
    {"evaluate soft --json own.safetensors", 2, "would be overwritten"},
    {"evaluate --list own.safetensors --json hard", 2, "would be overwritten"},
    {"evaluate own.safetensors --json own.config", 2, "would be overwritten"},
    {"evaluate own.safetensors --data data --json data/images", 2, "would be overwritten"},
    {"train --data data --json data/images", 2, "would be overwritten"},
    {"train --data data --json images_link", 2, "would be overwritten"},
    {"reproduce --data data --json data/images", 2, "would be overwritten"},
    {"reproduce --runs data --json data/images", 2, "would be overwritten"},
    {"descend --surface steep --optimizer sgd --output hard --json own.safetensors", 2, "is named for two outputs"},
    {"grade --output own.safetensors own.safetensors", 2, "would be overwritten"},
    {"grade --output hard -- python3 own.safetensors", 2, "would be overwritten"},
    {"grade --import data --output data/images", 2, "would be overwritten"},
    {"convert own.safetensors hard.pt", 2, "would be overwritten"},
    {"train --data data --pretrained data --json data/images", 2, "would be overwritten"},
    {"train --data data --output . --name own --json own_results.json", 2, "is named for two outputs"},
    {"train --data data --output . --name own --json ./own.safetensors", 2, "is named for two outputs"},
    {"train --data data --output data --name images", 2, "would be overwritten"},
    {"reproduce --report data --json data/index.html", 2, "is named for two outputs"},
    {"reproduce --report . --json data/../index.html", 2, "is named for two outputs"},
    {"reproduce --report data --pretrained data --json images_link", 2, "would be overwritten"},
    {"descend --surface steep --optimizer sgd --output new.csv --json ./new.csv", 2, "is named for two outputs"},
    {"descend --surface steep --optimizer sgd --output new.csv --json data/../new.csv", 2, "is named for two outputs"},
    {"grade --output data/new.csv --csv data//new.csv --class .", 2, "is named for two outputs"},
    {"grade --rubric own.config --output own.config ./program.so", 2, "would be overwritten"},
    {"grade --record own.safetensors --output soft", 2, "would be overwritten"},
    {"grade --class data --output data/images", 2, "would be overwritten"},
};

static void write_text(const char *name, const char *text)
{
    assay_error error;
    assay_file_writer *writer = NULL;
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    support_assert_ok(assay_file_create(path, &writer, &error), &error);
    fputs(text, assay_file_stream(writer));
    support_assert_ok(assay_file_commit(writer, &error), &error);
    assay_free(path);
}

START_TEST(outputs_that_are_inputs_are_refused)
{
    assay_error error;
    char *bytes = NULL;
    size_t size = 0;
    size_t size_before = 0;
    char *path = assay_asprintf(NULL, "%s/own.safetensors", folder);
    char *link = assay_asprintf(NULL,
                                "cd '%s' && ln -sf own.safetensors soft && ln -f own.safetensors hard && "
                                "ln -f hard hard.pt && mkdir -p data && echo x >data/images && "
                                "ln -sf data/images images_link && ln -f data/images data/images.safetensors",
                                folder);
    write_small_network("own.safetensors");
    write_text("own.config", "{}");
    support_result linked = support_shell(link);
    ck_assert_int_eq(linked.status, 0);
    support_assert_ok(assay_file_read(path, 1 << 20, &bytes, &size_before, &error), &error);
    assay_free(bytes);
    assert_run(ways[_i].arguments, ways[_i].status, ways[_i].says);
    support_assert_ok(assay_file_read(path, 1 << 20, &bytes, &size, &error), &error);
    ck_assert_uint_eq(size, size_before);
    assay_free(bytes);
    support_result_free(&linked);
    assay_free(link);
    assay_free(path);
}
END_TEST

/* --- the activation ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *config; /* beside the model; NULL for none */
    const char *arguments;
    const char *says;
} activations[] = {
    {"{\"act_fn\": \"Tanh\", \"input_size\": 3, \"num_classes\": 2, \"hidden_sizes\": []}", "--activation ReLU",
     "act.config names tanh (parameter 0), and --activation relu"},
    {"{\"act_fn\": \"Tanh\", \"input_size\": 3, \"num_classes\": 2, \"hidden_sizes\": []}", "--activation TANH",
     "a network of 3 inputs"},
    {"{\"act_fn\": \"Tanh\", \"input_size\": 9, \"num_classes\": 2, \"hidden_sizes\": []}", "--activation relu",
     "says 9 inputs, 0 hidden layers, 2 classes; the weights have 3, 0, 2; it is not used"},
    {"{\"act_fn\": \"Tanh\", \"input_size\": 9, \"num_classes\": 2, \"hidden_sizes\": []}", "",
     "if it is not this network's, name the activation function with --activation"},
    {"\xef\xbb\xbf{\"act_fn\": \"Tanh\", \"input_size\": 3, \"num_classes\": 2, \"hidden_sizes\": []}", "",
     "a network of 3 inputs"},
    {"[section]\nkey = value\n", "--activation relu", "it is not used"},
    {"[section]\nkey = value\n", "", "name the activation function with --activation"},
    {NULL, "", "the file does not name the activation function of this network"},
    {NULL, "--activation LeakyReLU", "a network of 3 inputs"},
    {NULL, "--activation leaky-relu", "a network of 3 inputs"},
    {NULL, "--activation 'torch.nn.GELU()'", "a network of 3 inputs"},
    {NULL, "--activation relu6", "unknown activation"},
};

START_TEST(what_names_the_activation)
{
    char *arguments = assay_asprintf(NULL, "evaluate act.pt %s", activations[_i].arguments);
    char *config = assay_asprintf(NULL, "%s/act.config", folder);
    write_small_network("act.safetensors");
    assert_run("convert act.safetensors act.pt", 0, "");
    unlink(config);
    if (activations[_i].config != NULL) {
        write_text("act.config", activations[_i].config);
    }
    assert_run(arguments, 1, activations[_i].says);
    assay_free(config);
    assay_free(arguments);
}
END_TEST

/* A pipe as configuration does not hang, and does not stop --activation. */
START_TEST(a_pipe_is_no_configuration)
{
    char *config = assay_asprintf(NULL, "%s/piped.config", folder);
    write_small_network("act.safetensors");
    assert_run("convert act.safetensors piped.pt", 0, "");
    unlink(config);
    ck_assert_int_eq(mkfifo(config, 0600), 0);
    assert_run("evaluate piped.pt --activation relu", 1,
               "piped.config: is not a regular file but a pipe; save the content in a file; it is not used");
    assert_run("evaluate piped.pt", 1, "is not a regular file but a pipe");
    assay_free(config);
}
END_TEST

/* --- large and odd ----------------------------------------------------------------------------------------------- */

/* Files of 1 GiB that are zeros after their head, and the messages. */
static const struct {
    const char *what;
    const char *head; /* for printf */
    const char *says;
} heads[] = {
    {"zeros", "", "begins with zeros alone"},
    {"zip", "PK\\003\\004", "its end is missing"},
    {"safetensors", "\\002\\000\\000\\000\\000\\000\\000\\000{}", "bytes at the end belong to no tensor"},
    {"safetensors with a long header", "\\000\\000\\000\\020\\000\\000\\000\\000{}",
     "more than the 2097152 that are read"},
    {"pickle", "\\200\\002", "begins like a pickle"},
    {"before 1.6", "\\200\\002\\212\\012\\154\\374\\234\\106\\371\\040\\152\\250\\120\\031.", "is damaged"},
};

START_TEST(large_files_are_judged_by_their_head)
{
    enum { MOST_KIB = 64 << 10, MOST_SECONDS = 5 /* one read of 1 GiB takes longer on the machines that are slow */ };
    struct rusage usage;
    struct timeval begin;
    struct timeval end;
    char *make = assay_asprintf(NULL, "cd '%s' && printf '%s' >large.pt && truncate -s 1G large.pt", folder,
                                heads[_i].head);
    support_result made = support_shell(make);
    ck_assert_msg(made.status == 0, "%s", made.errors);
    gettimeofday(&begin, NULL);
    assert_run("evaluate large.pt --activation relu", 1, heads[_i].says);
    gettimeofday(&end, NULL);
    ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
    ck_assert_msg(end.tv_sec - begin.tv_sec <= MOST_SECONDS, "%s: %ld s", heads[_i].what,
                  (long)(end.tv_sec - begin.tv_sec));
#ifndef ASSAY_SANITIZED
    ck_assert_msg(usage.ru_maxrss < MOST_KIB, "%s: %ld KiB", heads[_i].what, usage.ru_maxrss);
#endif
    support_result_free(&made);
    assay_free(make);
}
END_TEST

START_TEST(what_is_no_file_is_named)
{
    char *pipe = assay_asprintf(NULL, "%s/pipe", folder);
    (void)mkfifo(pipe, 0600);
    assert_run("evaluate pipe", 1, "pipe: is not a regular file but a pipe");
    assert_run("evaluate --list pipe", 1, "is not a regular file but a pipe");
    assert_run("convert pipe a.pt", 1, "is not a regular file but a pipe");
    assert_run("evaluate .", 1, "is not a regular file but a folder");
    assert_run("evaluate /dev/zero", 1, "is not a regular file but a device");
    assert_run("evaluate /dev/null", 1, "is not a regular file but a device");
    assay_free(pipe);
}
END_TEST

/* Only --verbose prints the place in the file. Names with control characters do not reach the terminal. */
START_TEST(messages_are_for_people)
{
    write_text("odd.pickle", "cos\nsystem\n.");
    support_result result = run("evaluate odd.pickle");
    ck_assert_msg(strstr(result.errors, "opcode") == NULL, "%s", result.errors);
    support_result_free(&result);
    assert_run("evaluate odd.pickle --verbose", 1, "note: byte 0 of the pickle, opcode GLOBAL\n");
    assert_run("convert odd.pickle a.pt --verbose", 1, "note: byte 0 of the pickle, opcode GLOBAL\n");
    assert_run("evaluate \"$(printf 'a\\033[31m\\302\\233\\342\\200\\256b\\377')\"", 1,
               "assay evaluate: a?[31m??b?: cannot be opened");
}
END_TEST

START_TEST(texts_are_cleaned)
{
    static const char *const cases[][2] = {
        {"plain \xcf\x83\xc2\xb2 \xf0\x9f\x98\x80", "plain \xcf\x83\xc2\xb2 \xf0\x9f\x98\x80"},
        {"a\tb\nc\x7f", "a?b?c?"},
        {"\xc2\x85", "?"},
        {"\xe2\x80\xae", "?"},
        {"\xe2\x81\xa6", "?"},
        {"\xef\xbb\xbf", "?"},
        {"\xff", "?"},
        {"\xc3", "?"},
        {"\xc0\xaf", "??"},
        {"\xed\xa0\x80", "?"},
        {"\xf4\x90\x80\x80", "????"},
        {"\xe2\x82", "??"},
        {"\xd8\x9c", "?"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = assay_strdup(cases[i][0], NULL);
        assay_text_clean(text);
        ck_assert_str_eq(text, cases[i][1]);
        assay_free(text);
    }
}
END_TEST

/* --- the suite --------------------------------------------------------------------------------------------------- */

/* The files and rows of golden/scripts/files.py. If something is missing, prints it and returns nothing. */
static void make_files(void)
{
    char *script = source_path("golden/scripts/files.py");
    char *command = assay_asprintf(NULL,
                                   SUPPORT_UNSANITIZED
                                   "/usr/bin/python3 -c 'import torch' 2>/dev/null && " SUPPORT_UNSANITIZED
                                   "/usr/bin/python3 '%s' '%s'",
                                   script, folder);
    char *path = assay_asprintf(NULL, "%s/rows.json", folder);
    if (system(command) == 0) {
        json_t *json = json_load_file(path, 0, NULL);
        rows = json_incref(json_object_get(json, "rows"));
        json_decref(json);
    } else {
        support_skip("the kinds of model files that PyTorch writes are not tested: PyTorch for Python is missing; on "
                     "Debian: apt-get install python3-torch");
    }
    assay_free(path);
    assay_free(command);
    assay_free(script);
}

static Suite *suite(void)
{
    Suite *made = suite_create("model files");
    TCase *odd = evidence_case("odd", "errors: program/evaluate, program/convert, model/model, model/safetensors, "
                                      "model/pickle, base/file; property: base/text, program/convert");
    tcase_set_timeout(odd, 60);
    tcase_add_test(odd, the_page_has_the_table);
    tcase_add_test(odd, convert_round_trip);
    tcase_add_test(odd, list_prints_each_tensor);
    tcase_add_loop_test(odd, outputs_that_are_inputs_are_refused, 0, sizeof ways / sizeof *ways);
    tcase_add_loop_test(odd, what_names_the_activation, 0, sizeof activations / sizeof *activations);
    tcase_add_test(odd, a_pipe_is_no_configuration);
    tcase_add_loop_test(odd, large_files_are_judged_by_their_head, 0, sizeof heads / sizeof *heads);
    tcase_add_test(odd, what_is_no_file_is_named);
    tcase_add_test(odd, messages_are_for_people);
    tcase_add_test(odd, texts_are_cleaned);
    suite_add_tcase(made, odd);
    if (rows != NULL) {
        TCase *kinds = evidence_case("kinds", "golden: model/torch_zip, model/torch_state, model/pickle, model/layers, "
                                              "program/convert; errors: model/pickle, model/layers, model/model");
        tcase_add_loop_test(kinds, each_kind_of_file, 0, (int)json_array_size(rows));
        tcase_add_test(kinds, wrapped_weights_are_the_same);
        tcase_add_loop_test(kinds, files_cut_at_each_length, 0, sizeof cuts / sizeof *cuts);
        tcase_set_timeout(kinds, 120);
        tcase_add_test(kinds, converted_files_are_read_by_pytorch);
        suite_add_tcase(made, kinds);
    }
    return made;
}

int main(void)
{
    char made[] = "/tmp/assay-test-files-XXXXXX";
    folder = mkdtemp(made);
    if (folder == NULL) {
        perror(made);
        return EXIT_FAILURE;
    }
    make_files();
    int status = support_run(suite());
    char *command = assay_asprintf(NULL, "rm -rf '%s'", folder);
    json_decref(rows);
    int removed = system(command);
    assay_free(command);
    return removed == 0 ? status : EXIT_FAILURE;
}
