/* The program `assay`: finds the subcommand and hands over. */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <assay/backend/openblas/core.h>
#include <assay/base/text.h>
#include "tool.h"

typedef struct {
    const char *name;
    const char *summary;
    tool_command *run;
} subcommand;

static const subcommand SUBCOMMANDS[] = {
    {"convert", "write a saved network in another format", assay_command_convert},
    {"descend", "descend a loss surface of two parameters", assay_command_descend},
    {"evaluate", "print the accuracy of a saved network", assay_command_evaluate},
    {"grade", "judge a student's implementation, and name the mistake", assay_command_grade},
    {"reproduce", "run the tutorial and print its numbers next to ours", assay_command_reproduce},
    {"train", "train the tutorial's network, or retrace the author's saved runs", assay_command_train},
};

enum { SUBCOMMAND_COUNT = sizeof SUBCOMMANDS / sizeof *SUBCOMMANDS };

static void print_help(FILE *stream)
{
    fputs("Usage: assay COMMAND [OPTION...]\n\n"
          "The tutorial \"Initialization and Optimization\" in C, and the suite that proves it right.\n\n"
          "Commands:\n", stream);
    for (int i = 0; i < SUBCOMMAND_COUNT; i++) {
        fprintf(stream, "  %-10s %s\n", SUBCOMMANDS[i].name, SUBCOMMANDS[i].summary);
    }
    fputs("\nassay COMMAND --help tells the options of a command; assay --version which backends are in.\n", stream);
}

static void print_version(void)
{
    printf("assay %s\nbackends:", PACKAGE_VERSION);
    for (const char *const *name = assay_backend_names(); *name != NULL; name++) {
        printf(" %s", *name);
    }
    putchar('\n');
}

/* train --retrace and grade --record follow the author's recorded losses. */
static bool follows_the_author(char **argv)
{
    for (char **argument = argv + 1; *argument != NULL && strcmp(*argument, "--") != 0; argument++) {
        if (strncmp(*argument, "--retrace", 9) == 0 || strncmp(*argument, "--record", 8) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * OpenBLAS chooses its kernels when it is loaded, and older versions do not know newer processors. Where it has chosen
 * badly, the program starts once more with the better choice in the environment; a choice of the user's stands.
 */
static void restart_with_better_kernels(char **argv)
{
    const char *core = follows_the_author(argv) ? assay_openblas_retracing_core() : assay_openblas_better_core();
    if (core != NULL && getenv("OPENBLAS_CORETYPE") == NULL && setenv("OPENBLAS_CORETYPE", core, 1) == 0) {
        execv("/proc/self/exe", argv);
        /* Without /proc it goes on as it is, only slower. */
    }
}

/*
 * Data sets, models and checkpoints go back to the system when they are freed. Left to itself, glibc raises this limit to
 * the size of the largest array freed so far, and then keeps what is smaller.
 */
static void return_freed_memory(void)
{
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int main(int argc, char **argv)
{
    return_freed_memory();
    restart_with_better_kernels(argv);
    if (argc < 2) {
        fputs("assay: no command given; assay --help lists them\n", stderr);
        return TOOL_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return tool_flushed(TOOL_SUCCESS);
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return tool_flushed(TOOL_SUCCESS);
    }
    for (int i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(argv[1], SUBCOMMANDS[i].name) == 0) {
            return tool_flushed(SUBCOMMANDS[i].run(argc - 1, argv + 1));
        }
    }
    assay_text_clean(argv[1]);
    fprintf(stderr, "assay: unknown command '%s'; assay --help lists them\n", argv[1]);
    return TOOL_USAGE;
}
