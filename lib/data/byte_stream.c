#include "data/byte_stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>

/* clang-format off */
enum {
    BUFFER = 128 << 10,
    GZIP_WINDOW = 15 + 16,   /* inflateInit2: the largest window, and a gzip header */
    LARGEST_PIECE = 1 << 30  /* zlib counts in unsigned int */
};
/* clang-format on */

struct assay_byte_stream {
    int descriptor;
    size_t stored;
    bool gzip;
    bool between_members; /* the last member is complete; no byte of the next one is read yet */
    bool padding;         /* zeros after the last member */
    z_stream inflater;    /* next_in and avail_in are the unread bytes of `input`, for plain files too */
    const char *message;
    uint8_t input[BUFFER];
};

/* Fills the empty input buffer. At the end of the file it stays empty. */
static bool fill(assay_byte_stream *stream)
{
    ssize_t got;
    do {
        got = read(stream->descriptor, stream->input, BUFFER);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        stream->message = strerror(errno);
        return false;
    }
    stream->inflater.next_in = stream->input;
    stream->inflater.avail_in = (unsigned)got;
    return true;
}

/* The first two bytes decide. A read may give only one byte; then the second is read again. */
static assay_status look_at_head(const char *path, assay_byte_stream *stream, assay_error *error)
{
    z_stream *z = &stream->inflater;
    while (z->avail_in < 2 && z->avail_in < stream->stored) {
        ssize_t got = read(stream->descriptor, stream->input + z->avail_in, BUFFER - z->avail_in);
        if (got < 0 && errno != EINTR) {
            return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s; copy the file to another disk", path,
                              strerror(errno));
        }
        if (got == 0) { /* LCOV_EXCL_BR_LINE: the file becomes shorter while it is read */
            break;      /* LCOV_EXCL_LINE: as above */
        }
        z->avail_in += got > 0 ? (unsigned)got : 0;
    }
    z->next_in = stream->input;
    stream->gzip = z->avail_in >= 2 && stream->input[0] == 0x1f && stream->input[1] == 0x8b;
    if (stream->gzip && inflateInit2(z, GZIP_WINDOW) != Z_OK) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "%s: out of memory for zlib", path);
    }
    return ASSAY_OK;
}

assay_status assay_byte_stream_open(const char *path, size_t limit, assay_byte_stream **stream, assay_error *error)
{
    *stream = NULL;
    assay_byte_stream *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = assay_file_open(path, limit, &made->descriptor, &made->stored, error);
    if (status == ASSAY_OK) {
        status = look_at_head(path, made, error);
    }
    if (status != ASSAY_OK) {
        assay_byte_stream_close(made);
        return status;
    }
    *stream = made;
    return ASSAY_OK;
}

void assay_byte_stream_close(assay_byte_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    if (stream->gzip) {
        inflateEnd(&stream->inflater);
    }
    if (stream->descriptor >= 0) {
        close(stream->descriptor);
    }
    assay_free(stream);
}

bool assay_byte_stream_is_gzip(const assay_byte_stream *stream)
{
    return stream->gzip;
}

size_t assay_byte_stream_stored(const assay_byte_stream *stream)
{
    return stream->stored;
}

const char *assay_byte_stream_message(const assay_byte_stream *stream)
{
    return stream->message;
}

/* The next piece of a plain file. */
static assay_stream_state copy_piece(assay_byte_stream *stream, uint8_t *bytes, size_t wanted, size_t *got)
{
    z_stream *z = &stream->inflater;
    if (z->avail_in == 0) {
        return ASSAY_STREAM_END;
    }
    *got = wanted < z->avail_in ? wanted : z->avail_in;
    memcpy(bytes, z->next_in, *got);
    z->next_in += *got;
    z->avail_in -= (unsigned)*got;
    return ASSAY_STREAM_MORE;
}

/* After a complete member: its end, or zeros, or another member. */
static assay_stream_state between_members(assay_byte_stream *stream)
{
    z_stream *z = &stream->inflater;
    stream->padding = stream->padding || (z->avail_in > 0 && *z->next_in == 0);
    if (!stream->padding) {
        return z->avail_in == 0 ? ASSAY_STREAM_END : ASSAY_STREAM_MORE;
    }
    for (; z->avail_in > 0; z->avail_in--) {
        if (*z->next_in++ != 0) {
            return ASSAY_STREAM_TRAILING;
        }
    }
    return ASSAY_STREAM_END;
}

/* The next piece of a gzip file; it may be empty. */
static assay_stream_state inflate_piece(assay_byte_stream *stream, uint8_t *bytes, size_t wanted, size_t *got)
{
    z_stream *z = &stream->inflater;
    if (z->avail_in == 0) {
        return ASSAY_STREAM_TRUNCATED;
    }
    z->next_out = bytes;
    z->avail_out = wanted < LARGEST_PIECE ? (unsigned)wanted : LARGEST_PIECE;
    unsigned room = z->avail_out;
    bool next_member = stream->between_members;
    int code = inflate(z, Z_NO_FLUSH);
    *got = room - z->avail_out;
    stream->between_members = code == Z_STREAM_END;
    if (code == Z_STREAM_END) {
        (void)inflateReset(z);
        return ASSAY_STREAM_MORE;
    }
    if (code == Z_OK) {
        return ASSAY_STREAM_MORE;
    }
    if (code == Z_MEM_ERROR) {
        stream->message = "zlib has no memory";
        return ASSAY_STREAM_FAILED;
    }
    stream->message = z->msg; /* zlib has one for all wrong data; gzip has no dictionaries that it could ask for */
    return next_member && strcmp(z->msg, "incorrect header check") == 0 ? ASSAY_STREAM_TRAILING : ASSAY_STREAM_DAMAGED;
}

assay_stream_state assay_byte_stream_read(assay_byte_stream *stream, uint8_t *bytes, size_t wanted, size_t *got)
{
    *got = 0;
    while (*got < wanted) {
        size_t piece = 0;
        assay_stream_state state = ASSAY_STREAM_MORE;
        if (stream->inflater.avail_in == 0 && !fill(stream)) {
            return ASSAY_STREAM_FAILED;
        }
        if (stream->between_members) {
            state = between_members(stream);
            if (state == ASSAY_STREAM_END && stream->inflater.next_in != stream->input) {
                continue; /* the buffer ended, perhaps not the file */
            }
        }
        if (state == ASSAY_STREAM_MORE) {
            state = stream->gzip ? inflate_piece(stream, bytes + *got, wanted - *got, &piece)
                                 : copy_piece(stream, bytes + *got, wanted - *got, &piece);
        }
        *got += piece;
        if (state != ASSAY_STREAM_MORE) {
            return state;
        }
    }
    return ASSAY_STREAM_MORE;
}
