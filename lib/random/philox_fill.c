/*
 * Fills float32 tensors from Philox. PyTorch's distribution_nullary_kernel assigns the elements to a grid of threads,
 * and cuRAND's device functions define the float32 arithmetic.
 */
#include <math.h>

#include <assay/random/philox.h>

/* Outputs of one call of the bijection; a thread makes as many elements of them. */
enum { UNROLL = 4 };

static const float TWO_TO_MINUS_32 = 0x1p-32f;
static const float TWO_PI_TO_MINUS_32 = 0x1p-32f * 6.2831855f;

/* Maps the four outputs of a call to four elements of the distribution (a, b). */
typedef void (*transform)(const uint32_t output[UNROLL], float a, float b, float element[UNROLL]);

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* T: 256 threads in each block; enough blocks that every element has a thread, but at most the device's. */
static size_t threads_of_grid(const assay_philox *generator, size_t count)
{
    size_t wanted = count / ASSAY_PHILOX_BLOCK_THREADS + (count % ASSAY_PHILOX_BLOCK_THREADS != 0);
    return ASSAY_PHILOX_BLOCK_THREADS * least(generator->blocks, wanted);
}

/* Words 0 and 1 of the counter are the 64-bit offset, words 2 and 3 the thread (cuRAND's subsequence). */
static void draw(const assay_philox *generator, uint64_t call, uint64_t thread, uint32_t output[UNROLL])
{
    uint64_t position = generator->offset / UNROLL + call;
    const uint32_t counter[4] = {(uint32_t)position, (uint32_t)(position >> 32), (uint32_t)thread,
                                 (uint32_t)(thread >> 32)};
    const uint32_t key[2] = {(uint32_t)generator->seed, (uint32_t)(generator->seed >> 32)};
    assay_philox4x32_10(counter, key, output);
}

/* Call k of thread t fills the elements t + (4k + i) T, i = 0..3. */
static void fill(assay_philox *generator, size_t count, transform apply, float a, float b, float *values)
{
    size_t threads = threads_of_grid(generator, count);
    uint64_t calls = 0;
    for (size_t start = 0; start < count; start += UNROLL * threads) {
        size_t busy = least(threads, count - start);
        for (size_t thread = 0; thread < busy; thread++) {
            uint32_t output[UNROLL];
            float element[UNROLL];
            draw(generator, calls, thread, output);
            apply(output, a, b, element);
            for (size_t i = 0, at = start + thread; i < UNROLL && at < count; i++, at += threads) {
                values[at] = element[i];
            }
        }
        calls++;
    }
    generator->offset += UNROLL * calls;
}

/* curand_uniform4 gives (0, 1]; PyTorch maps 1 to 0, for the interval [0, 1). */
static void to_uniform(const uint32_t output[UNROLL], float lower, float range, float element[UNROLL])
{
    for (int i = 0; i < UNROLL; i++) {
        float u = (float)output[i] * TWO_TO_MINUS_32 + TWO_TO_MINUS_32 / 2.0f;
        element[i] = fmaf(u == 1.0f ? 0.0f : u, range, lower);
    }
}

/* curand_box_muller: a pair of outputs gives a sine and a cosine. fmaf, since nvcc fuses product and sum. */
static void box_muller(uint32_t x, uint32_t y, float pair[2])
{
    float u = (float)x * TWO_TO_MINUS_32 + TWO_TO_MINUS_32 / 2.0f;
    float v = fmaf((float)y, TWO_PI_TO_MINUS_32, TWO_PI_TO_MINUS_32 / 2.0f);
    float s = sqrtf(-2.0f * logf(u));
    pair[0] = s * sinf(v);
    pair[1] = s * cosf(v);
}

static void to_normal(const uint32_t output[UNROLL], float mean, float std, float element[UNROLL])
{
    box_muller(output[0], output[1], element);
    box_muller(output[2], output[3], element + 2);
    for (int i = 0; i < UNROLL; i++) {
        element[i] = fmaf(element[i], std, mean);
    }
}

void assay_philox_uniform(assay_philox *generator, size_t count, double lower, double upper, float *values)
{
    float from = (float)lower;
    fill(generator, count, to_uniform, from, (float)upper - from, values);
}

void assay_philox_normal(assay_philox *generator, size_t count, double mean, double std, float *values)
{
    fill(generator, count, to_normal, (float)mean, (float)std, values);
}
