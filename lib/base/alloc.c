#define _DEFAULT_SOURCE
#include <assay/base/alloc.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Asks for pages of 2 MiB in the middle of a large block. With the usual 4 KiB, half of the time of reading a data set
 * can go to page faults. A kernel that refuses gives the usual pages.
 */
static void ask_for_huge_pages(void *memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const size_t page = (size_t)2 << 20;
    const size_t before = -(uintptr_t)memory % page; /* to the next multiple */
    const size_t pages = bytes < before ? 0 : (bytes - before) / page;
    if (pages > 0) {
        (void)madvise((char *)memory + before, pages * page, MADV_HUGEPAGE);
    }
#else
    (void)memory;
    (void)bytes;
#endif
}

void *assay_calloc(size_t count, size_t size, assay_error *error)
{
    if (size != 0 && count > (SIZE_MAX - ASSAY_ALIGNMENT) / size) {
        assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory: cannot address %zu elements of %zu bytes", count, size);
        return NULL;
    }
    /* aligned_alloc needs a multiple of the alignment, and may return NULL for 0 bytes. */
    size_t bytes = (count * size + ASSAY_ALIGNMENT - 1) / ASSAY_ALIGNMENT * ASSAY_ALIGNMENT;
    if (bytes == 0) {
        bytes = ASSAY_ALIGNMENT;
    }
    void *memory = aligned_alloc(ASSAY_ALIGNMENT, bytes);
    if (memory == NULL) {
        assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory: cannot allocate %zu bytes", bytes);
        return NULL;
    }
    ask_for_huge_pages(memory, bytes);
    memset(memory, 0, bytes);
    return memory;
}

char *assay_strdup(const char *text, assay_error *error)
{
    size_t length = strlen(text);
    char *copy = assay_calloc(length + 1, 1, error);
    if (copy != NULL) {
        memcpy(copy, text, length);
    }
    return copy;
}

char *assay_asprintf(assay_error *error, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    const size_t room = (size_t)length + 1;
    char *text = length < 0 ? NULL : assay_calloc(room, 1, error);
    /* Old versions of printf allocate for some conversions of numbers, in the second call, too. */
    bool cut = text != NULL && vsnprintf(text, room, format, again) < 0; /* ASSAY_EXCL_MCDC: as above */
    if (length < 0 || cut) {                                             /* ASSAY_EXCL_MCDC: as above */
        assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory: cannot format a text");
        assay_free(text);
        text = NULL;
    }
    va_end(again);
    return text;
}

void assay_free(void *memory)
{
    free(memory);
}
