/* Files that people take for model files, by their first bytes. */
#include <string.h>
#include <strings.h>

#include "model/source.h"

typedef struct {
    size_t offset;
    const char *magic;
    size_t length;
    const char *what;
} signature;

/* clang-format off */
#define AT(offset, magic, what) {offset, magic, sizeof(magic) - 1, what}
/* clang-format on */

/* clang-format off */
static const signature signatures[] = {
    AT(0, "PK\5\6", "is an empty zip archive"),
    AT(0, "PK\7\10", "is a part of a zip archive in several volumes; put them together first"),
    AT(0, "\x1f\x8b", "is compressed by gzip; unpack it first (gunzip)"),
    AT(0, "BZh", "is compressed by bzip2; unpack it first (bunzip2)"),
    AT(0, "\xfd" "7zXZ", "is compressed by xz; unpack it first (unxz)"),
    AT(0, "\x28\xb5\x2f\xfd", "is compressed by zstd; unpack it first (unzstd)"),
    AT(0, "7z\xbc\xaf\x27\x1c", "is a 7z archive; unpack it first"),
    AT(0, "Rar!", "is a RAR archive; unpack it first"),
    AT(257, "ustar", "is a tar archive; unpack it first (PyTorch's own .tar files are zip archives), or, if PyTorch "
                     "before 0.2 wrote it, load it there and save it again with torch.save"),
    AT(0, "\x89HDF\r\n", "is HDF5 (Keras, MATLAB); Assay reads what torch.save and safetensors write"),
    AT(0, "\x93NUMPY", "is a NumPy array (.npy); save a state_dict of tensors with torch.save"),
    AT(0, "GGUF", "is GGUF (llama.cpp); Assay reads what torch.save and safetensors write"),
    AT(4, "TFL3", "is TensorFlow Lite; Assay reads what torch.save and safetensors write"),
    AT(0, "\x08\x03\x12", "looks like ONNX; Assay reads what torch.save and safetensors write"),
    AT(0, "\x08\x07\x12", "looks like ONNX; Assay reads what torch.save and safetensors write"),
    AT(0, "\x08\x08\x12", "looks like ONNX; Assay reads what torch.save and safetensors write"),
    AT(0, "\x7f" "ELF", "is a program or a library"),
    AT(0, "%PDF", "is a PDF document"),
    AT(0, "\x89PNG", "is an image"),
    AT(0, "\xff\xd8\xff", "is an image"),
    AT(0, "version https://git-lfs", "is a pointer of Git LFS, not the file itself; fetch it with git lfs pull"),
};
/* clang-format on */

/* The text without blanks and a byte order mark before it. */
static const unsigned char *skip_blanks(const unsigned char *head, size_t size, size_t *left)
{
    size_t at = size >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < size && (head[at] == ' ' || head[at] == '\n' || head[at] == '\r' || head[at] == '\t')) {
        at++;
    }
    *left = size - at;
    return head + at;
}

const char *assay_model_foreign(const unsigned char *head, size_t size)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const signature *one = &signatures[i];
        if (size >= one->offset + one->length && memcmp(head + one->offset, one->magic, one->length) == 0) {
            return one->what;
        }
    }
    size_t left = 0;
    const unsigned char *text = skip_blanks(head, size, &left);
    if (left > 0 && *text == '<') {
        return "is a web page or XML, not a model: did the download fail? open the file in a browser to see";
    }
    if (left > 0 && (*text == '{' || *text == '[')) {
        return "is JSON text, not a model: is it the configuration or the record beside the model?";
    }
    return NULL;
}
