/* Files that people take for model files, by their first bytes. */
#include <string.h>

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
    AT(0, "PK\5\6", "is an empty zip archive: is the download complete?"),
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
    AT(0, "\x08\x01\x12", "looks like TensorFlow's SavedModel; Assay reads what torch.save and safetensors write"),
    AT(0, "MATLAB 5.0 MAT-file", "is a file of MATLAB; Assay reads what torch.save and safetensors write"),
    AT(0, "\0\0\x08\x01", "is an IDX file (labels), not a model: name its folder with --data"),
    AT(0, "\0\0\x08\x03", "is an IDX file (images), not a model: name its folder with --data"),
    AT(0, "\0\5\x16\7", "is what macOS keeps beside a file (a name that begins with ._), not the file itself"),
    AT(8, "\xef\xbb\xbf{", "is like a safetensors file, but with a BOM (U+FEFF) before its header: write it again "
                           "with safetensors"),
    AT(0, "\x7f" "ELF", "is a program or a library: name the file that torch.save or safetensors wrote"),
    AT(0, "%PDF", "is a PDF document: name the file that torch.save or safetensors wrote"),
    AT(0, "\x89PNG", "is an image: name the file that torch.save or safetensors wrote"),
    AT(0, "\xff\xd8\xff", "is an image: name the file that torch.save or safetensors wrote"),
    AT(0, "GIF8", "is an image: name the file that torch.save or safetensors wrote"),
    AT(0, "version https://git-lfs", "is a pointer of Git LFS, not the file itself; fetch it with git lfs pull"),
};
/* clang-format on */

/* ONNX: field 1 of the protocol buffer is the version of the format, 3 or more, and field 2 a text, who wrote it. */
static bool is_onnx(const unsigned char *head, size_t size)
{
    return size >= 3 && head[0] == 0x08 && head[1] >= 3 && head[1] < 32 && head[2] == 0x12;
}

static bool is_zero(const unsigned char *head, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (head[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Whether the text is in the first bytes. */
static bool has(const unsigned char *head, size_t size, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= size; i++) {
        if (memcmp(head + i, text, length) == 0) {
            return true;
        }
    }
    return false;
}

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
    if (is_onnx(head, size)) {
        return "looks like ONNX; Assay reads what torch.save and safetensors write";
    }
    if (is_zero(head, size)) {
        return "begins with zeros alone: is the download, or the copy, complete?";
    }
    if (has(head, size, "joblib.numpy_pickle")) {
        return "was written by joblib (scikit-learn); save net.state_dict() with torch.save";
    }
    size_t left = 0;
    const unsigned char *text = skip_blanks(head, size, &left);
    if (left > 0 && *text == '<') {
        return "is a web page or XML, not a model: did the download fail? open the file in a browser to see";
    }
    if (left > 0 && *text == '{' && has(text, left, "\"weight_map\"")) {
        return "is the index of a model in several files; name one of those, or save net.state_dict() in one file";
    }
    if (left > 0 && (*text == '{' || *text == '[')) {
        return "is JSON text, not a model: is it the configuration or the record beside the model?";
    }
    return NULL;
}
