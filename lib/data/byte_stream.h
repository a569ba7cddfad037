/* The bytes of a regular file, decompressed if it is gzipped. The content decides, not the name. */
#ifndef ASSAY_DATA_BYTE_STREAM_H
#define ASSAY_DATA_BYTE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/base/error.h>

typedef struct assay_byte_stream assay_byte_stream;

/* Why assay_byte_stream_read gave fewer bytes than were wanted. */
typedef enum {
    ASSAY_STREAM_MORE,      /* it gave all of them */
    ASSAY_STREAM_END,       /* the file is complete: with gzip, every checksum and length was right */
    ASSAY_STREAM_TRUNCATED, /* the gzip data ends too early */
    ASSAY_STREAM_DAMAGED,   /* the gzip data is wrong: assay_byte_stream_message */
    ASSAY_STREAM_TRAILING,  /* other bytes follow the gzip data */
    ASSAY_STREAM_FAILED     /* the system could not read: assay_byte_stream_message */
} assay_stream_state;

/*
 * Opens a regular file of at most `limit` bytes. It never waits: a pipe, a folder or a device is ASSAY_ERROR_IO at
 * once. ASSAY_ERROR_FORMAT for a larger file. The caller closes the stream with assay_byte_stream_close, which accepts
 * NULL.
 */
assay_status assay_byte_stream_open(const char *path, size_t limit, assay_byte_stream **stream, assay_error *error);
void assay_byte_stream_close(assay_byte_stream *stream);

bool assay_byte_stream_is_gzip(const assay_byte_stream *stream);
/* The size of the file as it is stored. */
size_t assay_byte_stream_stored(const assay_byte_stream *stream);

/*
 * Reads `wanted` bytes, and fewer only where the stream cannot give more. A gzip file may have several members, one
 * after the other, and zeros after the last one (RFC 1952, 2.2; tapes pad with zeros).
 */
assay_stream_state assay_byte_stream_read(assay_byte_stream *stream, uint8_t *bytes, size_t wanted, size_t *got);

/* What zlib or the system said about ASSAY_STREAM_DAMAGED or ASSAY_STREAM_FAILED. */
const char *assay_byte_stream_message(const assay_byte_stream *stream);

#endif
