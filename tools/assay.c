/* The program `assay`: finds the subcommand and runs it. */
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
    {"assign", "write an assignment without solutions, and the solutions apart", assay_command_assign},
    {"claims", "test what the tutorial says in words", assay_command_claims},
    {"convert", "write a saved network in another format", assay_command_convert},
    {"descend", "run an optimizer on a loss surface of two parameters", assay_command_descend},
    {"evaluate", "print the test accuracy of a saved network", assay_command_evaluate},
    {"grade", "test a student's implementation and name its mistakes", assay_command_grade},
    {"gradescope", "write an autograder for Gradescope", assay_command_gradescope},
    {"reproduce", "run the tutorial and compare its printed numbers with ours", assay_command_reproduce},
    {"study", "compare settings of training over many seeds", assay_command_study},
    {"train", "train the tutorial's network, or repeat the author's saved runs", assay_command_train},
};

enum { SUBCOMMAND_COUNT = sizeof SUBCOMMANDS / sizeof *SUBCOMMANDS };

static void print_help(FILE *stream)
{
    fputs("Usage: assay COMMAND [OPTION...]\n\n"
          "The tutorial \"Initialization and Optimization\" in C.\n\n"
          "Commands:\n",
          stream);
    for (int i = 0; i < SUBCOMMAND_COUNT; i++) {
        fprintf(stream, "  %-10s %s\n", SUBCOMMANDS[i].name, SUBCOMMANDS[i].summary);
    }
    fputs("\nassay COMMAND --help lists the options of a command, assay --version the backends of this build.\n",
          stream);
}

static void print_version(void)
{
    printf("assay %s\nbackends:", PACKAGE_VERSION);
    for (size_t i = 0; assay_backend_name_at(i) != NULL; i++) {
        printf(" %s", assay_backend_name_at(i));
    }
    putchar('\n');
}

/* train --retrace and grade --record compare losses with those that the author recorded. */
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
 * OpenBLAS chooses its kernels when it is loaded, and old versions do not know new processors. After a bad choice the
 * program restarts itself with a better one in OPENBLAS_CORETYPE, unless the user has set that variable.
 */
static void restart_with_better_kernels(char **argv)
{
    const char *core = follows_the_author(argv) ? assay_openblas_retracing_core() : assay_openblas_better_core();
    if (core != NULL && getenv("OPENBLAS_CORETYPE") == NULL && setenv("OPENBLAS_CORETYPE", core, 1) == 0) {
        execv("/proc/self/exe", argv);
        /* Without /proc it continues with the slower kernels. */
    }
}

/*
 * Returns the memory of data sets, models and checkpoints to the system when they are freed. By default glibc raises
 * this threshold to the size of the largest array that was freed, and then keeps all smaller ones.
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
