/*
 * The UvA tutorial "Initialization and Optimization" in one file of plain C. Read it beside the tutorial: each part
 * begins with the numbers of its cells. The figures are left out.
 *
 *     cc -O2 examples/tutorial.c -lm -lz && ./a.out
 *
 * needs zlib (Debian: zlib1g-dev) and the data set (Debian: dataset-fashion-mnist). The program prints the numbers that
 * the tutorial prints. They agree to five digits or more, because it draws the same random numbers: both of PyTorch's
 * generators are written out below. Then it trains with the three optimizers, and descends both loss surfaces.
 *
 *     ./a.out --epochs 40   trains for 40 epochs, as the tutorial does; the default is 1, and 0 leaves training out
 *     ./a.out --steps 10    trains for 10 steps only, and prints the loss of each
 *     ./a.out --data DIR    reads the data set in DIR
 *
 * Time on one core of an AMD EPYC, compiled as above by gcc 12: 2 seconds up to cell [19], then 8 seconds for an epoch,
 * which makes 16 minutes for the tutorial's three times 40 epochs.
 */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PI 3.14159265358979323846

/* Says in one line what is wrong and what to do, and ends the program. */
static _Noreturn void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("tutorial: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

/* Memory for `count` things of `size` bytes, all of them 0. */
static void *allocate(int count, size_t size)
{
    void *memory = calloc((size_t)count, size);
    if (memory == NULL) { die("there is no memory for %d times %zu bytes; end other programs first", count, size); }
    return memory;
}

static void fill(int n, float value, float *x)
{
    for (int i = 0; i < n; i++) { x[i] = value; }
}

/* ---- Cell [3]: pl.seed_everything(42), and the random numbers that follow ---------------------------------------- */

/* PyTorch has a generator for the CPU and one for the GPU. The tutorial shuffles its data with the CPU's. It draws the
 * weights of a network with the generator of the device that the network is on. */
typedef enum { CPU, GPU } Device;

typedef struct {
    uint32_t word[624]; /* CPU: the state of mt19937, the Mersenne Twister (Matsumoto and Nishimura 1998) */
    int next;           /* CPU: the index of the next word */
    uint32_t seed;      /* GPU: the key of Philox4x32-10 (Salmon et al. 2011) */
    uint32_t calls;     /* GPU: how often each thread has called Philox so far */
} Random;

static void seed_everything(Random *random, uint32_t seed)
{
    *random = (Random){.word = {seed}, .next = 624, .seed = seed, .calls = 0};
    for (uint32_t i = 1; i < 624; i++) {
        uint32_t previous = random->word[i - 1];
        random->word[i] = 1812433253u * (previous ^ (previous >> 30)) + i;
    }
}

static uint32_t cpu_random32(Random *random)
{
    uint32_t *word = random->word;
    if (random->next == 624) { /* all words are used: make new ones */
        for (int i = 0; i < 624; i++) {
            uint32_t y = (word[i] & 0x80000000u) | (word[(i + 1) % 624] & 0x7fffffffu);
            word[i] = word[(i + 397) % 624] ^ (y >> 1) ^ (y % 2 == 1 ? 0x9908b0dfu : 0u);
        }
        random->next = 0;
    }
    uint32_t y = word[random->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/* Each data loader draws a 64-bit number as a seed. Nothing here needs it, but all later draws depend on this one. */
static void cpu_skip64(Random *random)
{
    cpu_random32(random);
    cpu_random32(random);
}

/* torch.randperm(n): the numbers 0 to n - 1 in random order. */
static void cpu_randperm(Random *random, int n, int *order)
{
    for (int i = 0; i < n; i++) { order[i] = i; }
    for (int i = 0; i < n - 1; i++) {
        int j = i + (int)(cpu_random32(random) % (uint32_t)(n - i));
        int swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

/* Box and Muller (1958): two uniform numbers u1 and u2 give two independent normal numbers, r sin t and r cos t. */
static void box_muller(float u1, float u2, float *sine, float *cosine)
{
    float r = sqrtf(-2.0f * logf(u1)); /* r = sqrt(-2 ln u1) */
    float t = (float)(2.0 * PI) * u2;  /* t = 2 pi u2 */
    *sine = r * sinf(t);
    *cosine = r * cosf(t);
}

/* tensor.normal_(0, std) on the CPU. It works on blocks of 16 numbers; the sizes of our tensors are multiples of 16. */
static void cpu_normal(Random *random, int n, float std, float *x)
{
    for (int i = 0; i < n; i++) {
        x[i] = (float)(cpu_random32(random) % (1u << 24)) * 0x1p-24f; /* in [0, 1), with the 24 bits that a float has */
    }
    for (int i = 0; i + 16 <= n; i += 16) {
        for (int j = i; j < i + 8; j++) { box_muller(1.0f - x[j], x[j + 8], &x[j + 8], &x[j]); }
    }
    for (int i = 0; i < n; i++) { x[i] *= std; }
}

/* Philox scrambles four words in 10 rounds, and these become four uniform numbers in (0, 1]. */
static void philox(const Random *random, uint32_t thread, float u[4])
{
    uint32_t c[4] = {random->calls, 0, thread, 0};
    uint32_t key[2] = {random->seed, 0};
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xd2511f53u * c[0], b = (uint64_t)0xcd9e8d57u * c[2];
        c[0] = (uint32_t)(b >> 32) ^ c[1] ^ key[0];
        c[1] = (uint32_t)b;
        c[2] = (uint32_t)(a >> 32) ^ c[3] ^ key[1];
        c[3] = (uint32_t)a;
        key[0] += 0x9e3779b9u;
        key[1] += 0xbb67ae85u;
    }
    for (int i = 0; i < 4; i++) { u[i] = (float)c[i] * 0x1p-32f + 0x1p-33f; }
}

/* tensor.normal_(0, size) or tensor.uniform_(-size, size) on the GPU, where many threads fill x together. They come in
 * blocks of 256, and on the author's GPU, a Tesla P100, there are at most 448 blocks. In one call of Philox each thread
 * gets four numbers. They go to four elements that are `threads` apart. */
static void gpu_fill(Random *random, bool normal, int n, float size, float *x)
{
    int blocks = (n + 255) / 256;
    int threads = 256 * (blocks < 448 ? blocks : 448);
    for (int first = 0; first < n; first += 4 * threads) {
        for (int thread = 0; thread < threads; thread++) {
            float u[4];
            philox(random, (uint32_t)thread, u);
            if (normal) {
                box_muller(u[0], u[1], &u[0], &u[1]);
                box_muller(u[2], u[3], &u[2], &u[3]);
            }
            for (int i = 0; i < 4; i++) {
                int at = first + thread + i * threads;
                float uniform = u[i] < 1.0f ? u[i] : 0.0f; /* in [0, 1): PyTorch takes 0 for 1 */
                if (at < n) { x[at] = normal ? u[i] * size : uniform * (2.0f * size) - size; }
            }
        }
        random->calls++;
    }
}

static void draw_normal(Random *random, Device device, int n, float std, float *x)
{
    if (device == GPU) {
        gpu_fill(random, true, n, std, x);
    } else {
        cpu_normal(random, n, std, x);
    }
}

/* ---- Cell [5]: the data ------------------------------------------------------------------------------------------ */

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10 };
enum { TRAIN = 50000, VALIDATION = 10000, TEST = 10000, IMAGES = TRAIN + VALIDATION + TEST };

typedef struct {
    uint8_t pixel[IMAGES][PIXELS];
    uint8_t label[IMAGES];
    int order[IMAGES]; /* indices of images: first the training set, then the validation set, then the test set */
} Data;

/* A file begins with a magic number and its sizes, each in 4 bytes, highest first. Then comes a byte for each value. */
static void read_idx(const char *folder, const char *name, int dimensions, int count, uint8_t *values)
{
    const char *advice = "on Debian, apt-get install dataset-fashion-mnist; elsewhere, give its folder with --data DIR";
    const int header[4] = {8 << 8 | dimensions, count, SIDE, SIDE};
    int size = dimensions == 3 ? count * PIXELS : count;
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    gzFile file = gzopen(path, "rb");
    if (file == NULL) { die("%s: no such file, or not readable; %s", path, advice); }
    for (int i = 0; i <= dimensions; i++) {
        uint8_t b[4] = {0};
        gzread(file, b, 4);
        if (((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]) != (uint32_t)header[i]) {
            die("%s: not a file of Fashion-MNIST: number %d of its header is not %d; %s", path, i, header[i], advice);
        }
    }
    if (gzread(file, values, (unsigned)size) != size || gzgetc(file) != -1 || gzclose(file) != Z_OK) {
        die("%s: damaged: there are not %d intact values; get the file again; %s", path, size, advice);
    }
}

static Data *read_data(Random *random, const char *folder)
{
    Data *data = allocate(1, sizeof *data);
    read_idx(folder, "train-images-idx3-ubyte.gz", 3, TRAIN + VALIDATION, data->pixel[0]);
    read_idx(folder, "train-labels-idx1-ubyte.gz", 1, TRAIN + VALIDATION, data->label);
    read_idx(folder, "t10k-images-idx3-ubyte.gz", 3, TEST, data->pixel[TRAIN + VALIDATION]);
    read_idx(folder, "t10k-labels-idx1-ubyte.gz", 1, TEST, data->label + TRAIN + VALIDATION);
    for (int i = 0; i < IMAGES; i++) {
        data->order[i] = i;
        if (data->label[i] >= CLASSES) {
            die("%s: label %d of image %d is not below 10; get the files again", folder, data->label[i], i);
        }
    }
    cpu_randperm(random, TRAIN + VALIDATION, data->order); /* random_split(train_dataset, [50000, 10000]) */
    return data;
}

/* transforms.ToTensor() divides by 255; transforms.Normalize((0.2861,), (0.3530,)) makes the mean 0 and the std 1. */
static float transform(uint8_t pixel)
{
    return ((float)pixel / 255.0f - 0.2861f) / 0.3530f;
}

/* ---- Cells [6] to [8]: the data's six numbers -------------------------------------------------------------------- */

enum { LARGE_BATCH = 1024 }; /* training alone has smaller batches */

/* DataLoader(train_set, shuffle=True): the indices of the training set, in a new random order. */
static void shuffle(Random *random, const Data *data, int *shuffled)
{
    cpu_skip64(random);
    cpu_randperm(random, TRAIN, shuffled);
    for (int i = 0; i < TRAIN; i++) { shuffled[i] = data->order[shuffled[i]]; }
}

/* Sums of millions of numbers are in double: float has too few digits for them. */
static double mean_of(const float *x, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) { sum += (double)x[i]; }
    return sum / n;
}

/* The sum of (x - mean)^2, divided by n for numpy.var, and by n - 1 for tensor.std(), which is the root of it. */
static double variance_of(const float *x, int n, int divisor)
{
    double mean = mean_of(x, n), sum = 0.0;
    for (int i = 0; i < n; i++) { sum += ((double)x[i] - mean) * ((double)x[i] - mean); }
    return sum / divisor;
}

static void show_data(Random *random, const Data *data)
{
    int n = (TRAIN + VALIDATION) * PIXELS;
    float *x = allocate(n, sizeof *x);
    for (int i = 0; i < n; i++) { x[i] = (float)data->pixel[i / PIXELS][i % PIXELS] / 255.0f; }
    printf("[7] Mean and standard deviation of the data\n");
    printf("Mean %.9g\nStd %.9g\n", mean_of(x, n), sqrt(variance_of(x, n, n - 1)));

    int *shuffled = allocate(TRAIN, sizeof *shuffled);
    cpu_skip64(random); /* in this version of PyTorch a loader draws one more number before it shuffles */
    shuffle(random, data, shuffled);
    n = LARGE_BATCH * PIXELS;
    float maximum = -INFINITY, minimum = INFINITY;
    for (int i = 0; i < n; i++) {
        x[i] = transform(data->pixel[shuffled[i / PIXELS]][i % PIXELS]);
        maximum = fmaxf(maximum, x[i]);
        minimum = fminf(minimum, x[i]);
    }
    printf("\n[8] Statistics of a single batch\n");
    printf("Mean: %5.3f\nStandard deviation: %5.3f\n", mean_of(x, n), sqrt(variance_of(x, n, n - 1)));
    printf("Maximum: %5.3f\nMinimum: %5.3f\n", (double)maximum, (double)minimum);
    free(shuffled);
    free(x);
}

/* ---- Cells [9] and [10]: the network ----------------------------------------------------------------------------- */

/* The tutorial counts linear layers and activations together: our linear layer l is its layer 2 l. */
enum { LAYERS = 5, LAST = LAYERS - 1 };
static const int SIZES[LAYERS + 1] = {PIXELS, 512, 256, 256, 128, CLASSES};
enum { PARAMETERS = (PIXELS + 1) * 512 + (512 + 1) * 256 + (256 + 1) * 256 + (256 + 1) * 128 + (128 + 1) * CLASSES };

typedef enum { IDENTITY, TANH, RELU } Activation;

/* A linear layer, y = W x + b. A row of x and of y belongs to one image of the batch. */
typedef struct {
    int dx, dy;             /* the sizes of x and y */
    float *w, *b;           /* [dy][dx] and [dy]: w_ij is w[i * dx + j] */
    float *grad_w, *grad_b; /* dL/dw and dL/db, where L is the loss */
    float *x, *y;           /* [rows][dx] and [rows][dy] */
    float *grad_y;          /* [rows][dy]: dL/dy */
} Layer;

typedef struct {
    Activation activation;
    int label[LARGE_BATCH];
    Layer layer[LAYERS];          /* with pointers into the arrays that follow */
    float parameters[PARAMETERS]; /* w and b of layer 0, w and b of layer 1, and so on */
    float gradients[PARAMETERS];  /* in the same order */
    float x[LAYERS][LARGE_BATCH * PIXELS], y[LAYERS][LARGE_BATCH * 512], grad_y[LAYERS][LARGE_BATCH * 512];
    float transposed[PIXELS * 512]; /* for linear_forward */
} Network;

/* BaseNetwork(act_fn). The caller frees it. */
static Network *create_network(Random *random, Activation activation)
{
    Network *net = allocate(1, sizeof *net);
    net->activation = activation;
    int at = 0;
    for (int l = 0; l < LAYERS; l++) {
        int dx = SIZES[l], dy = SIZES[l + 1], bias = at + dx * dy;
        net->layer[l] = (Layer){dx,
                                dy,
                                net->parameters + at,
                                net->parameters + bias,
                                net->gradients + at,
                                net->gradients + bias,
                                net->x[l],
                                net->y[l],
                                net->grad_y[l]};
        at = bias + dy;
    }
    /* nn.Linear draws values for its parameters. The tutorial replaces them all, so it is enough to draw. */
    for (int i = 0; i < PARAMETERS; i++) { cpu_random32(random); }
    return net;
}

/* y += a x. Nearly all of the time goes here. The steps of 8 are for gcc -O2: it uses vector instructions only in loops
 * whose length is a constant. ReLU makes about half of all `a` 0, and these cost nothing. */
static void add_scaled(int n, float a, const float *restrict x, float *restrict y)
{
    int i = 0;
    if (a == 0.0f) { return; }
    for (; i + 8 <= n; i += 8) {
        for (int j = 0; j < 8; j++) { y[i + j] += a * x[i + j]; }
    }
    for (; i < n; i++) { y[i] += a * x[i]; }
}

/* y = W x + b for each row. W is transposed first: then the weights w_ij of one j are neighbours in memory. */
static void linear_forward(const Layer *layer, int rows, float *transposed)
{
    int dx = layer->dx, dy = layer->dy;
    for (int i = 0; i < dy; i++) {
        for (int j = 0; j < dx; j++) { transposed[j * dy + i] = layer->w[i * dx + j]; }
    }
    for (int row = 0; row < rows; row++) {
        float *y = layer->y + row * dy;
        memcpy(y, layer->b, (size_t)dy * sizeof *y); /* y_i = b_i */
        for (int j = 0; j < dx; j++) {
            add_scaled(dy, layer->x[row * dx + j], transposed + j * dy, y); /* y_i += w_ij x_j, for all i */
        }
    }
}

static float activate(Activation activation, float y)
{
    if (activation == TANH) { return tanhf(y); }
    if (activation == RELU) { return fmaxf(y, 0.0f); }
    return y;
}

/* forward(x): from the images, which are the x of the first layer, to the predictions, which are the y of the last. */
static void forward(Network *net, int rows)
{
    for (int l = 0; l < LAYERS; l++) {
        const Layer *layer = &net->layer[l];
        linear_forward(layer, rows, net->transposed);
        for (int i = 0; l < LAST && i < rows * layer->dy; i++) {
            net->layer[l + 1].x[i] = activate(net->activation, layer->y[i]);
        }
    }
}

/* ---- Cell [11]: the loss, its gradients, and their variances ----------------------------------------------------- */

/* Gives the network `rows` images as its input: those whose indices are in `order`. */
static void load_batch(Network *net, const Data *data, const int *order, int rows)
{
    for (int row = 0; row < rows; row++) {
        for (int j = 0; j < PIXELS; j++) { net->layer[0].x[row * PIXELS + j] = transform(data->pixel[order[row]][j]); }
        net->label[row] = data->label[order[row]];
    }
}

/* F.cross_entropy(preds, labels): L is the mean of -ln p_label over the rows, where p_i = e^y_i / sum_k e^y_k.
 * Its gradient is dL/dy_i = (p_i - (i is the label ? 1 : 0)) / rows. */
static double cross_entropy(Network *net, int rows)
{
    double loss = 0.0;
    for (int row = 0; row < rows; row++) {
        const float *y = net->layer[LAST].y + row * CLASSES;
        float *grad_y = net->layer[LAST].grad_y + row * CLASSES;
        int label = net->label[row];
        float largest = y[0], sum = 0.0f;
        for (int i = 1; i < CLASSES; i++) { largest = fmaxf(largest, y[i]); }
        for (int i = 0; i < CLASSES; i++) {
            sum += expf(y[i] - largest); /* subtracting the largest leaves p as it is, and avoids overflow */
        }
        for (int i = 0; i < CLASSES; i++) {
            float p = expf(y[i] - largest) / sum;
            grad_y[i] = (p - (i == label ? 1.0f : 0.0f)) / (float)rows;
        }
        loss += (double)(logf(sum) - (y[label] - largest)); /* -ln p_label */
    }
    return loss / rows;
}

/* By the chain rule, dL/dw_ij is the sum over the rows of dL/dy_i x_j, and dL/db_i is the sum of dL/dy_i. */
static void linear_backward(const Layer *layer, int rows)
{
    int dx = layer->dx, dy = layer->dy;
    fill(dx * dy, 0.0f, layer->grad_w);
    fill(dy, 0.0f, layer->grad_b);
    for (int i = 0; i < dy; i++) {
        for (int row = 0; row < rows; row++) {
            float g = layer->grad_y[row * dy + i];
            add_scaled(dx, g, layer->x + row * dx, layer->grad_w + i * dx);
            layer->grad_b[i] += g;
        }
    }
}

/* By the chain rule, dL/dx_j is the sum over i of dL/dy_i w_ij. */
static void linear_backward_input(const Layer *layer, int rows, float *grad_x)
{
    int dx = layer->dx, dy = layer->dy;
    fill(rows * dx, 0.0f, grad_x);
    for (int row = 0; row < rows; row++) {
        for (int i = 0; i < dy; i++) {
            add_scaled(dx, layer->grad_y[row * dy + i], layer->w + i * dx, grad_x + row * dx);
        }
    }
}

/* The derivative of x = activate(y) by y. */
static float derivative(Activation activation, float y, float x)
{
    if (activation == TANH) { return 1.0f - x * x; } /* tanh' = 1 - tanh^2 */
    if (activation == RELU) { return y > 0.0f ? 1.0f : 0.0f; }
    return 1.0f;
}

/* The loss, and loss.backward(), which goes from the last layer to the first. */
static double forward_backward(Network *net, int rows)
{
    forward(net, rows);
    double loss = cross_entropy(net, rows);
    for (int l = LAST; l >= 0; l--) {
        linear_backward(&net->layer[l], rows);
        if (l > 0) {
            Layer *before = &net->layer[l - 1];
            linear_backward_input(&net->layer[l], rows, before->grad_y);
            for (int i = 0; i < rows * before->dy; i++) { /* dL/dy of the layer before is dL/dx dx/dy */
                before->grad_y[i] *= derivative(net->activation, before->y[i], net->layer[l].x[i]);
            }
        }
    }
    return loss;
}

/* visualize_gradients and visualize_activations with print_variance=True, without the figures. Their batch is the first
 * 1,024 images of the training set. */
static void show_gradients(Network *net, const Data *data, const char *heading)
{
    load_batch(net, data, data->order, LARGE_BATCH);
    forward_backward(net, LARGE_BATCH);
    printf("\n%s\n", heading);
    for (int l = 0; l < LAYERS; l++) {
        int n = net->layer[l].dx * net->layer[l].dy;
        printf("layers.%d.weight - Variance: %.9g\n", 2 * l, variance_of(net->layer[l].grad_w, n, n));
    }
}

static void show_activations(Network *net, const Data *data, const char *heading)
{
    load_batch(net, data, data->order, LARGE_BATCH);
    forward(net, LARGE_BATCH);
    printf("\n%s\n", heading);
    for (int l = 0; l < LAYERS; l++) {
        int n = LARGE_BATCH * net->layer[l].dy;
        printf("Layer %d - Variance: %.9g\n", 2 * l, variance_of(net->layer[l].y, n, n));
    }
}

/* ---- Cell [13]: constant initialization -------------------------------------------------------------------------- */

static void const_init(Network *net, float value)
{
    fill(PARAMETERS, value, net->parameters);
}

/* ---- Cells [14] and [15]: constant variance ---------------------------------------------------------------------- */

static void var_init(Random *random, Network *net, float std)
{
    for (int l = 0; l < LAYERS; l++) {
        Layer *layer = &net->layer[l];
        draw_normal(random, GPU, layer->dx * layer->dy, std, layer->w);
        draw_normal(random, GPU, layer->dy, std, layer->b);
    }
}

/* ---- Cell [16]: equal variance ----------------------------------------------------------------------------------- */

static void equal_var_init(Random *random, Network *net)
{
    for (int l = 0; l < LAYERS; l++) {
        Layer *layer = &net->layer[l];
        double std = 1.0 / sqrt(layer->dx); /* Var(w) = 1 / d_x */
        fill(layer->dy, 0.0f, layer->b);
        draw_normal(random, GPU, layer->dx * layer->dy, (float)std, layer->w);
    }
}

/* ---- Cells [17] and [18]: Xavier initialization ------------------------------------------------------------------ */

static void xavier_init(Random *random, Network *net)
{
    for (int l = 0; l < LAYERS; l++) {
        Layer *layer = &net->layer[l];
        double bound = sqrt(6.0) / sqrt(layer->dx + layer->dy); /* Var(w) = bound^2 / 3 = 2 / (d_x + d_y) */
        fill(layer->dy, 0.0f, layer->b);
        gpu_fill(random, false, layer->dx * layer->dy, (float)bound, layer->w);
    }
}

/* ---- Cell [19]: Kaiming initialization --------------------------------------------------------------------------- */

static void kaiming_init(Random *random, Device device, Network *net)
{
    for (int l = 0; l < LAYERS; l++) {
        Layer *layer = &net->layer[l];
        double gain = l == 0 ? 1.0 : sqrt(2.0); /* no ReLU comes before the first layer */
        double std = gain / sqrt(layer->dx);    /* Var(w) = 1 / d_x there, and 2 / d_x in the other layers */
        fill(layer->dy, 0.0f, layer->b);
        draw_normal(random, device, layer->dx * layer->dy, (float)std, layer->w);
    }
}

/* ---- Cells [12] to [19]: the 50 variances ------------------------------------------------------------------------ */

static void show_variances(Random *random, const Data *data)
{
    Network *net = create_network(random, IDENTITY);
    const_init(net, 0.005f);
    show_activations(net, data, "[13] Constant initialization, 0.005");
    var_init(random, net, 0.01f);
    show_activations(net, data, "[14] Constant variance, standard deviation 0.01");
    var_init(random, net, 0.1f);
    show_activations(net, data, "[15] Constant variance, standard deviation 0.1");
    equal_var_init(random, net);
    show_activations(net, data, "[16] Equal variance");
    xavier_init(random, net);
    show_gradients(net, data, "[17] Xavier initialization, identity network: gradients");
    show_activations(net, data, "[17] Xavier initialization, identity network: activations");
    net->activation = TANH;
    xavier_init(random, net);
    show_gradients(net, data, "[18] Xavier initialization, tanh network: gradients");
    show_activations(net, data, "[18] Xavier initialization, tanh network: activations");
    net->activation = RELU;
    kaiming_init(random, GPU, net);
    show_gradients(net, data, "[19] Kaiming initialization, ReLU network: gradients");
    show_activations(net, data, "[19] Kaiming initialization, ReLU network: activations");
    free(net);
}

/* ---- Cells [20] and [21]: train_model, and what the optimizers have in common ------------------------------------ */

enum { BATCH = 256, STEPS = TRAIN / BATCH, EPOCHS = 40 }; /* drop_last=True leaves out the last 80 images of an epoch */

typedef struct {
    double lr;                          /* eta, the learning rate */
    int t;                              /* the step, counted from 1 */
    float m[PARAMETERS], v[PARAMETERS]; /* averages of the gradients and of their squares, 0 at first */
} Optimizer;

/* update_param: w = f(w, g) for n parameters w and their gradients g. */
typedef void Update(Optimizer *o, int n, const float *g, float *w);

static int count_correct(const Network *net, int rows)
{
    int correct = 0;
    for (int row = 0; row < rows; row++) {
        const float *y = net->layer[LAST].y + row * CLASSES;
        int prediction = 0; /* preds.argmax(dim=-1) */
        for (int i = 1; i < CLASSES; i++) { prediction = y[i] > y[prediction] ? i : prediction; }
        correct += prediction == net->label[row];
    }
    return correct;
}

/* test_model: the accuracy, in percent, on the `count` images whose indices are in `order`. */
static double test_model(Network *net, const Data *data, const int *order, int count)
{
    int correct = 0;
    for (int first = 0; first < count; first += LARGE_BATCH) {
        int rows = count - first < LARGE_BATCH ? count - first : LARGE_BATCH;
        load_batch(net, data, order + first, rows);
        forward(net, rows);
        correct += count_correct(net, rows);
    }
    return 100.0 * correct / count;
}

/* The training in epoch_iteration. Returns the accuracy, in percent, of the predictions before each update. */
static double train_epoch(Network *net, const Data *data, const int *order, Optimizer *o, Update *update, int steps)
{
    int correct = 0;
    for (int i = 0; i < steps; i++) {
        load_batch(net, data, order + i * BATCH, BATCH);
        double loss = forward_backward(net, BATCH);
        update(o, PARAMETERS, net->gradients, net->parameters);
        correct += count_correct(net, BATCH);
        if (steps < STEPS) { printf("step %d: loss %.9g\n", i + 1, loss); }
    }
    return 100.0 * correct / (steps * BATCH);
}

/* Shuffles for 40 epochs even if it trains for fewer, because the batches of the next optimizer depend on it. */
static void train_model(Random *random, Network *net, const Data *data, Update *update, double lr, int epochs,
                        int steps)
{
    Optimizer *o = allocate(1, sizeof *o);
    float *best = allocate(PARAMETERS, sizeof *best);
    int *order = allocate(TRAIN, sizeof *order);
    double best_val_acc = -1.0;
    o->lr = lr;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        shuffle(random, data, order);
        cpu_skip64(random); /* for the loader of the validation set */
        if (epoch > epochs) { continue; }
        double train_acc = train_epoch(net, data, order, o, update, steps);
        if (steps < STEPS) { continue; }
        double val_acc = test_model(net, data, data->order + TRAIN, VALIDATION);
        printf("[Epoch %2d] Training accuracy: %05.2f%%, Validation accuracy: %05.2f%%\n", epoch, train_acc, val_acc);
        fflush(stdout);
        if (val_acc > best_val_acc) {
            best_val_acc = val_acc;
            memcpy(best, net->parameters, sizeof net->parameters); /* save_model */
        }
    }
    cpu_skip64(random); /* for the loader of the test set */
    if (steps == STEPS) {
        memcpy(net->parameters, best, sizeof net->parameters); /* load_model */
        double test_acc = test_model(net, data, data->order + TRAIN + VALIDATION, TEST);
        printf("============= Test accuracy: %4.2f%% ==============\n", test_acc);
    }
    free(order);
    free(best);
    free(o);
}

/* ---- Cell [22]: stochastic gradient descent ---------------------------------------------------------------------- */

static void sgd(Optimizer *o, int n, const float *g, float *w)
{
    float lr = (float)o->lr;
    for (int i = 0; i < n; i++) { w[i] -= lr * g[i]; /* w = w - eta g */ }
}

/* ---- Cell [23]: SGD with momentum, beta_1 = 0.9 ------------------------------------------------------------------ */

static void sgd_momentum(Optimizer *o, int n, const float *g, float *w)
{
    float lr = (float)o->lr;
    for (int i = 0; i < n; i++) {
        o->m[i] = 0.9f * o->m[i] + 0.1f * g[i]; /* m = beta_1 m + (1 - beta_1) g */
        w[i] -= lr * o->m[i];                   /* w = w - eta m */
    }
}

/* ---- Cell [24]: Adam, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8 ----------------------------------------------- */

/* This is Adam as the tutorial prints its code. The accuracy that it prints comes from the author's saved run, and that
 * was made by a variant, which uses m where this code uses m_hat. */
static void adam(Optimizer *o, int n, const float *g, float *w)
{
    o->t++;
    float lr = (float)o->lr;
    float correction1 = (float)(1.0 - pow(0.9, o->t)), correction2 = (float)(1.0 - pow(0.999, o->t));
    for (int i = 0; i < n; i++) {
        o->m[i] = 0.9f * o->m[i] + 0.1f * g[i];              /* m = beta_1 m + (1 - beta_1) g */
        o->v[i] = 0.999f * o->v[i] + 0.001f * (g[i] * g[i]); /* v = beta_2 v + (1 - beta_2) g^2 */
        float m_hat = o->m[i] / correction1;                 /* m_hat = m / (1 - beta_1^t) */
        float v_hat = o->v[i] / correction2;                 /* v_hat = v / (1 - beta_2^t) */
        w[i] -= lr / (sqrtf(v_hat) + 1e-8f) * m_hat;         /* w = w - eta / (sqrt(v_hat) + epsilon) m_hat */
    }
}

/* ---- Cells [25] to [28]: three optimizers train the same network ------------------------------------------------- */

/* The author made his saved runs earlier, with PyTorch 1.6, where a loader draws one number less. To train the same
 * network on the same batches, we start from the seed again and draw what his notebook drew. The first losses are then
 * his. Later ones differ: where the input of a ReLU is close to 0, a rounding decides whether the ReLU is on. */
static void compare_optimizers(Random *random, Data *data, int epochs, int steps)
{
    int *order = allocate(TRAIN, sizeof *order);
    seed_everything(random, 42);
    cpu_randperm(random, TRAIN + VALIDATION, data->order); /* [5], the same split as before */
    shuffle(random, data, order);                          /* [8] */
    for (int i = 0; i < 3; i++) { free(create_network(random, IDENTITY)); /* [12], [18], [19] */ }
    for (int i = 0; i < 13; i++) { cpu_skip64(random); /* [13] to [19]: a loader for each figure */ }
    Network *net = create_network(random, RELU); /* [25] */
    kaiming_init(random, CPU, net);
    float *base = allocate(PARAMETERS, sizeof *base);
    memcpy(base, net->parameters, sizeof net->parameters);

    printf("\n[26] SGD\n");
    train_model(random, net, data, sgd, 0.1, epochs, steps);
    printf("\n[27] SGD with momentum\n");
    memcpy(net->parameters, base, sizeof net->parameters); /* copy.deepcopy(base_model) */
    train_model(random, net, data, sgd_momentum, 0.1, epochs, steps);
    printf("\n[28] Adam\n");
    memcpy(net->parameters, base, sizeof net->parameters);
    train_model(random, net, data, adam, 0.001, epochs, steps);
    free(base);
    free(net);
    free(order);
}

/* ---- Cell [29]: pathological curvatures -------------------------------------------------------------------------- */

/* The loss at w = (w1, w2), and its gradient there: (dL/dw1, dL/dw2). */
typedef float Surface(const float w[2], float grad[2]);

/* L = tanh(w1)^2 + 0.01 |w1| + sigmoid(w2). SGD jumps from side to side on this surface, and each jump makes the effect
 * of a rounding larger. So this rounds as PyTorch does: fmaf computes 1 - tanh^2 with one rounding. */
static float pathological_curve_loss(const float w[2], float grad[2])
{
    float t = (float)tanh((double)w[0]);
    float s = 1.0f / (1.0f + (float)exp(-(double)w[1])); /* sigmoid(w2) = 1 / (1 + e^-w2) */
    float sign = w[0] > 0.0f ? 1.0f : w[0] < 0.0f ? -1.0f : 0.0f;
    grad[0] = 2.0f * t * fmaf(-t, t, 1.0f) + 0.01f * sign; /* dL/dw1 = 2 tanh (1 - tanh^2) + 0.01 sign(w1) */
    grad[1] = (1.0f - s) * s;                              /* dL/dw2 = (1 - sigmoid) sigmoid */
    return t * t + 0.01f * fabsf(w[0]) + s;
}

/* ---- Cell [31]: train_curve -------------------------------------------------------------------------------------- */

/* The tutorial plots the starting point and those after each of 99 updates. This prints the last one. */
static void train_curve(const char *name, Update *update, double lr, Surface *surface, float start)
{
    float w[2] = {start, start}, grad[2];
    Optimizer *o = allocate(1, sizeof *o);
    o->lr = lr;
    float loss = surface(w, grad);
    for (int i = 0; i < 99; i++) {
        update(o, 2, grad, w);
        loss = surface(w, grad);
    }
    printf("%-7s w1 = %.9g, w2 = %.9g, loss = %.9g\n", name, (double)w[0], (double)w[1], (double)loss);
    free(o);
}

/* ---- Cell [34]: steep optima ------------------------------------------------------------------------------------- */

/* G = 1 / (2 pi s^2) e^(-(w1 - mean1)^2 / (2 s^2) - (w2 - mean2)^2 / (2 s^2)), where s = 0.2. This adds the gradient of
 * -G to `grad`: -dG/dw1 = G / (2 s^2) 2 (w1 - mean1), and -dG/dw2 in the same way. */
static float bivar_gaussian(const float w[2], float mean1, float mean2, float grad[2])
{
    const float norm = (float)(1.0 / (2.0 * PI * 0.2 * 0.2)), divisor = (float)(2.0 * (0.2 * 0.2));
    float d1 = w[0] - mean1, d2 = w[1] - mean2;
    float g = norm * (float)exp((double)(-(d1 * d1) / divisor - d2 * d2 / divisor));
    grad[0] += g / divisor * (2.0f * d1);
    grad[1] += g / divisor * (2.0f * d2);
    return g;
}

/* L = -G_1 - G_2 - G_3 */
static float comb_func(const float w[2], float grad[2])
{
    grad[0] = grad[1] = 0.0f;
    float loss = -bivar_gaussian(w, 1.0f, -0.5f, grad);
    loss -= bivar_gaussian(w, -1.0f, 0.5f, grad);
    loss -= bivar_gaussian(w, -0.5f, -0.8f, grad);
    return loss;
}

/* ---- Cells [32] and [35]: three optimizers descend both surfaces ------------------------------------------------- */

static void descend_surfaces(void)
{
    printf("\n[32] Pathological curvatures: the last of 100 points from (5, 5)\n");
    train_curve("SGD", sgd, 10.0, pathological_curve_loss, 5.0f);
    train_curve("SGDMom", sgd_momentum, 10.0, pathological_curve_loss, 5.0f);
    train_curve("Adam", adam, 1.0, pathological_curve_loss, 5.0f);
    printf("\n[35] Steep optima: the last of 100 points from (0, 0)\n");
    train_curve("SGD", sgd, 0.5, comb_func, 0.0f);
    train_curve("SGDMom", sgd_momentum, 1.0, comb_func, 0.0f);
    train_curve("Adam", adam, 0.2, comb_func, 0.0f);
}

/* ---- The program ------------------------------------------------------------------------------------------------- */

static int to_number(const char *option, const char *text, int least, int most)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || number < least || number > most) {
        die("%s %s: give a number from %d to %d", option, text, least, most);
    }
    return (int)number;
}

int main(int argc, char **argv)
{
    const char *folder = "/usr/share/datasets/fashion-mnist";
    int epochs = 1, steps = STEPS;
    for (int i = 1; i < argc; i += 2) {
        const char *option = argv[i], *value = argv[i + 1]; /* NULL after the last */
        if (value != NULL && strcmp(option, "--data") == 0) {
            folder = value;
        } else if (value != NULL && strcmp(option, "--epochs") == 0) {
            epochs = to_number(option, value, 0, EPOCHS);
        } else if (value != NULL && strcmp(option, "--steps") == 0) {
            steps = to_number(option, value, 1, STEPS - 1);
        } else {
            die("%s is not an option, or lacks its value; the options are --data DIR, --epochs N, --steps N", option);
        }
    }
    Random random;
    seed_everything(&random, 42);
    Data *data = read_data(&random, folder);
    show_data(&random, data);
    show_variances(&random, data);
    if (steps < STEPS) { epochs = 1; }
    if (epochs > 0) { compare_optimizers(&random, data, epochs, steps); }
    descend_surfaces();
    free(data);
    return EXIT_SUCCESS;
}
