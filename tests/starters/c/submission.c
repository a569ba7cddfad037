/*
 * Your submission in C, plain and row-major. Type `make check` to grade it with the public seed. Grade it as the
 * teacher does with
 *
 *     assay grade submission.c
 *
 * assay/student.h describes what each function gets and gives. Delete the functions that you do not want graded.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/student.h>

/* The type of all arithmetic. Compile with -DREAL=float to see what single precision is worth; say so below. */
#ifndef REAL
#define REAL double
#endif
typedef REAL real;

int student_precision(void)
{
    return sizeof(real) == sizeof(float) ? 32 : 64;
}

// [section]
/* --- linear layer ------------------------------------------------------------------------------------------------- */

// [component linear_forward]
void student_linear_forward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                            const double *bias, double *y)
{
    // [solution the affine map of a linear layer]
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < out; j++) {
            real sum = (real)bias[j];
            for (size_t k = 0; k < in; k++) {
                sum += (real)x[r * in + k] * (real)weight[j * in + k];
            }
            y[r * out + j] = sum;
        }
    }
    // [end]
}

// [end]
// [component linear_backward]
void student_linear_backward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                             const double *dy, double *dx, double *dweight, double *dbias)
{
    // [solution the chain rule for a linear layer]
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = 0; k < in; k++) {
            real sum = 0;
            for (size_t j = 0; j < out; j++) {
                sum += (real)dy[r * out + j] * (real)weight[j * in + k];
            }
            dx[r * in + k] = sum;
        }
    }
    for (size_t j = 0; j < out; j++) {
        real column = 0;
        for (size_t r = 0; r < rows; r++) {
            column += (real)dy[r * out + j];
        }
        dbias[j] = column;
        for (size_t k = 0; k < in; k++) {
            real sum = 0;
            for (size_t r = 0; r < rows; r++) {
                sum += (real)dy[r * out + j] * (real)x[r * in + k];
            }
            dweight[j * in + k] = sum;
        }
    }
    // [end]
}

// [end]
// [end]
// [section]
/* --- activations -------------------------------------------------------------------------------------------------- */

// [hidden]
static real sigmoid(real x)
{
    /* e^-|x| never overflows. */
    real e = (real)exp(-fabs((double)x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

// [end]
// [component identity]
void student_identity(size_t count, const double *x, double *y)
{
    // [solution the identity]
    memcpy(y, x, count * sizeof *y);
    // [end]
}

// [end]
// [component identity_gradient]
void student_identity_gradient(size_t count, const double *x, const double *dy, double *dx)
{
    // [solution the derivative of the identity]
    (void)x;
    memcpy(dx, dy, count * sizeof *dx);
    // [end]
}

// [end]
// [component tanh]
void student_tanh(size_t count, const double *x, double *y)
{
    // [solution the hyperbolic tangent]
    for (size_t i = 0; i < count; i++) {
        y[i] = (real)tanh(x[i]);
    }
    // [end]
}

// [end]
// [component tanh_gradient]
void student_tanh_gradient(size_t count, const double *x, const double *dy, double *dx)
{
    // [solution the derivative of tanh]
    for (size_t i = 0; i < count; i++) {
        real y = (real)tanh(x[i]);
        dx[i] = (real)dy[i] * (1 - y * y);
    }
    // [end]
}

// [end]
// [component relu]
void student_relu(size_t count, const double *x, double *y)
{
    // [solution the rectified linear unit]
    for (size_t i = 0; i < count; i++) {
        y[i] = x[i] > 0 ? x[i] : 0;
    }
    // [end]
}

// [end]
// [component relu_gradient]
void student_relu_gradient(size_t count, const double *x, const double *dy, double *dx)
{
    // [solution the derivative of ReLU]
    for (size_t i = 0; i < count; i++) {
        dx[i] = x[i] > 0 ? dy[i] : 0;
    }
    // [end]
}

// [end]
// [component sigmoid]
void student_sigmoid(size_t count, const double *x, double *y)
{
    // [solution the logistic function]
    for (size_t i = 0; i < count; i++) {
        y[i] = sigmoid((real)x[i]);
    }
    // [end]
}

// [end]
// [component sigmoid_gradient]
void student_sigmoid_gradient(size_t count, const double *x, const double *dy, double *dx)
{
    // [solution the derivative of the logistic function]
    for (size_t i = 0; i < count; i++) {
        real y = sigmoid((real)x[i]);
        dx[i] = (real)dy[i] * y * (1 - y);
    }
    // [end]
}

// [end]
// [component leaky_relu]
void student_leaky_relu(size_t count, const double *x, double slope, double *y)
{
    // [solution the leaky ReLU]
    for (size_t i = 0; i < count; i++) {
        y[i] = x[i] > 0 ? (real)x[i] : (real)slope * (real)x[i];
    }
    // [end]
}

// [end]
// [component leaky_relu_gradient]
void student_leaky_relu_gradient(size_t count, const double *x, const double *dy, double slope, double *dx)
{
    // [solution the derivative of the leaky ReLU]
    for (size_t i = 0; i < count; i++) {
        dx[i] = x[i] > 0 ? (real)dy[i] : (real)slope * (real)dy[i];
    }
    // [end]
}

// [end]
// [end]
// [section]
/* --- softmax cross-entropy ---------------------------------------------------------------------------------------- */

// [hidden]
/* Fills p with e^(z_j - max) and returns their sum. */
static real exponentials(size_t classes, const double *z, double *p, real *most)
{
    real sum = 0;
    *most = (real)z[0];
    for (size_t j = 1; j < classes; j++) {
        *most = (real)z[j] > *most ? (real)z[j] : *most;
    }
    for (size_t j = 0; j < classes; j++) {
        p[j] = (real)exp((double)((real)z[j] - *most));
        sum += (real)p[j];
    }
    return sum;
}

// [end]
// [component softmax]
void student_softmax(size_t rows, size_t classes, const double *logits, double *probabilities)
{
    // [solution the softmax of each row]
    for (size_t r = 0; r < rows; r++) {
        real most;
        real sum = exponentials(classes, logits + r * classes, probabilities + r * classes, &most);
        for (size_t j = 0; j < classes; j++) {
            probabilities[r * classes + j] = (real)probabilities[r * classes + j] / sum;
        }
    }
    // [end]
}

// [end]
// [component cross_entropy]
double student_cross_entropy(size_t rows, size_t classes, const double *logits, const int32_t *labels)
{
    // [solution the mean of the negative log-likelihoods]
    real total = 0;
    double *scratch = malloc(classes * sizeof *scratch);
    for (size_t r = 0; r < rows; r++) {
        real most;
        real sum = exponentials(classes, logits + r * classes, scratch, &most);
        total += (real)log((double)sum) - ((real)logits[r * classes + (size_t)labels[r]] - most);
    }
    free(scratch);
    return total / (real)rows;
    // [end]
}

// [end]
// [component cross_entropy_gradient]
void student_cross_entropy_gradient(size_t rows, size_t classes, const double *logits, const int32_t *labels,
                                    double *dlogits)
{
    // [solution the gradient of softmax cross-entropy]
    student_softmax(rows, classes, logits, dlogits);
    for (size_t r = 0; r < rows; r++) {
        dlogits[r * classes + (size_t)labels[r]] -= 1;
    }
    for (size_t i = 0; i < rows * classes; i++) {
        dlogits[i] = (real)dlogits[i] / (real)rows;
    }
    // [end]
}

// [end]
// [end]
// [section]
/* --- initializers ------------------------------------------------------------------------------------------------- */

// [hidden]
/* splitmix64: any good generator will do. */
static double uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Box and Muller's transform. */
static double normal(uint64_t *state)
{
    double radius = sqrt(-2.0 * log(1.0 - uniform(state)));
    return radius * cos(6.283185307179586 * uniform(state));
}

static void zeros(size_t count, double *values)
{
    memset(values, 0, count * sizeof *values);
}

// [end]
// [component init_constant]
void student_init_constant(size_t layers, const size_t *sizes, double fill, double *const *weights,
                           double *const *biases)
{
    // [solution constant initialization]
    for (size_t l = 0; l < layers; l++) {
        for (size_t i = 0; i < sizes[l] * sizes[l + 1]; i++) {
            weights[l][i] = fill;
        }
        for (size_t i = 0; i < sizes[l + 1]; i++) {
            biases[l][i] = fill;
        }
    }
    // [end]
}

// [end]
// [component init_normal]
void student_init_normal(size_t layers, const size_t *sizes, double std, uint64_t seed, double *const *weights,
                         double *const *biases)
{
    // [solution initialization with constant variance]
    for (size_t l = 0; l < layers; l++) {
        for (size_t i = 0; i < sizes[l] * sizes[l + 1]; i++) {
            weights[l][i] = std * normal(&seed);
        }
        for (size_t i = 0; i < sizes[l + 1]; i++) {
            biases[l][i] = std * normal(&seed);
        }
    }
    // [end]
}

// [end]
// [component init_fan_in]
void student_init_fan_in(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                         double *const *biases)
{
    // [solution initialization with equal variance]
    for (size_t l = 0; l < layers; l++) {
        double std = 1.0 / sqrt((double)sizes[l]);
        for (size_t i = 0; i < sizes[l] * sizes[l + 1]; i++) {
            weights[l][i] = std * normal(&seed);
        }
        zeros(sizes[l + 1], biases[l]);
    }
    // [end]
}

// [end]
// [component init_xavier]
void student_init_xavier(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                         double *const *biases)
{
    // [solution Xavier initialization]
    for (size_t l = 0; l < layers; l++) {
        double bound = sqrt(6.0 / (double)(sizes[l] + sizes[l + 1]));
        for (size_t i = 0; i < sizes[l] * sizes[l + 1]; i++) {
            weights[l][i] = bound * (2.0 * uniform(&seed) - 1.0);
        }
        zeros(sizes[l + 1], biases[l]);
    }
    // [end]
}

// [end]
// [component init_kaiming]
void student_init_kaiming(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                          double *const *biases)
{
    // [solution Kaiming initialization]
    for (size_t l = 0; l < layers; l++) {
        double std = sqrt((l == 0 ? 1.0 : 2.0) / (double)sizes[l]);
        for (size_t i = 0; i < sizes[l] * sizes[l + 1]; i++) {
            weights[l][i] = std * normal(&seed);
        }
        zeros(sizes[l + 1], biases[l]);
    }
    // [end]
}

// [end]
// [end]
// [section]
/* --- optimizers --------------------------------------------------------------------------------------------------- */

// [hidden]
enum { MAX_TENSORS = 16 };

typedef struct {
    size_t tensors;
    size_t lengths[MAX_TENSORS];
    real learning_rate;
    real beta1;
    real beta2;
    real epsilon;
    int step;
    real *m[MAX_TENSORS];
    real *v[MAX_TENSORS];
} optimizer;

static optimizer *create(size_t tensors, const size_t *lengths, double learning_rate, double beta1, double beta2,
                         double epsilon)
{
    optimizer *made = calloc(1, sizeof *made);
    made->tensors = tensors;
    made->learning_rate = (real)learning_rate;
    made->beta1 = (real)beta1;
    made->beta2 = (real)beta2;
    made->epsilon = (real)epsilon;
    for (size_t k = 0; k < tensors; k++) {
        made->lengths[k] = lengths[k];
        made->m[k] = calloc(lengths[k], sizeof(real));
        made->v[k] = calloc(lengths[k], sizeof(real));
    }
    return made;
}

static void destroy(optimizer *made)
{
    for (size_t k = 0; k < made->tensors; k++) {
        free(made->m[k]);
        free(made->v[k]);
    }
    free(made);
}

// [end]
// [component sgd]
void *student_sgd_create(size_t tensors, const size_t *lengths, double learning_rate)
{
    // [solution stochastic gradient descent: the state]
    return create(tensors, lengths, learning_rate, 0.0, 0.0, 0.0);
    // [end]
}

void student_sgd_step(void *state, double *const *parameters, const double *const *gradients)
{
    // [solution stochastic gradient descent]
    const optimizer *self = state;
    for (size_t k = 0; k < self->tensors; k++) {
        for (size_t i = 0; i < self->lengths[k]; i++) {
            parameters[k][i] = (real)parameters[k][i] - self->learning_rate * (real)gradients[k][i];
        }
    }
    // [end]
}

void student_sgd_destroy(void *state)
{
    // [solution stochastic gradient descent: free the state]
    destroy(state);
    // [end]
}

// [end]
// [component momentum]
void *student_momentum_create(size_t tensors, const size_t *lengths, double learning_rate, double momentum)
{
    // [solution gradient descent with momentum: the state]
    return create(tensors, lengths, learning_rate, momentum, 0.0, 0.0);
    // [end]
}

void student_momentum_step(void *state, double *const *parameters, const double *const *gradients)
{
    // [solution gradient descent with momentum]
    const optimizer *self = state;
    for (size_t k = 0; k < self->tensors; k++) {
        for (size_t i = 0; i < self->lengths[k]; i++) {
            real *m = &self->m[k][i];
            *m = self->beta1 * *m + (1 - self->beta1) * (real)gradients[k][i];
            parameters[k][i] = (real)parameters[k][i] - self->learning_rate * *m;
        }
    }
    // [end]
}

void student_momentum_destroy(void *state)
{
    // [solution gradient descent with momentum: free the state]
    destroy(state);
    // [end]
}

// [end]
// [component adam]
void *student_adam_create(size_t tensors, const size_t *lengths, double learning_rate, double beta1, double beta2,
                          double epsilon)
{
    // [solution Adam: the state]
    return create(tensors, lengths, learning_rate, beta1, beta2, epsilon);
    // [end]
}

void student_adam_step(void *state, double *const *parameters, const double *const *gradients)
{
    // [solution Adam]
    optimizer *self = state;
    self->step++;
    real first = 1 - (real)pow((double)self->beta1, self->step);
    real second = 1 - (real)pow((double)self->beta2, self->step);
    for (size_t k = 0; k < self->tensors; k++) {
        for (size_t i = 0; i < self->lengths[k]; i++) {
            real g = (real)gradients[k][i];
            real *m = &self->m[k][i];
            real *v = &self->v[k][i];
            *m = self->beta1 * *m + (1 - self->beta1) * g;
            *v = self->beta2 * *v + (1 - self->beta2) * g * g;
            real rate = self->learning_rate / ((real)sqrt((double)(*v / second)) + self->epsilon);
            parameters[k][i] = (real)parameters[k][i] - rate * (*m / first);
        }
    }
    // [end]
}

void student_adam_destroy(void *state)
{
    // [solution Adam: free the state]
    destroy(state);
    // [end]
}

// [end]
// [end]
// [section]
/* --- the network, made of the functions above --------------------------------------------------------------------- */

// [hidden]
enum { MAX_LAYERS = 8 };

static void activate(const char *name, size_t count, const double *z, double *a)
{
    if (strcmp(name, "tanh") == 0) {
        student_tanh(count, z, a);
    } else if (strcmp(name, "relu") == 0) {
        student_relu(count, z, a);
    } else {
        student_identity(count, z, a);
    }
}

static void activate_gradient(const char *name, size_t count, const double *z, const double *da, double *dz)
{
    if (strcmp(name, "tanh") == 0) {
        student_tanh_gradient(count, z, da, dz);
    } else if (strcmp(name, "relu") == 0) {
        student_relu_gradient(count, z, da, dz);
    } else {
        student_identity_gradient(count, z, da, dz);
    }
}

// [end]
// [component network_gradient]
double student_network_gradient(size_t layers, const size_t *sizes, const char *activation, size_t rows,
                                const double *const *weights, const double *const *biases, const double *x,
                                const int32_t *labels, double *const *dweights, double *const *dbiases)
{
    // [solution backpropagation]
    double *z[MAX_LAYERS]; /* what layer l gives */
    double *a[MAX_LAYERS]; /* after the activation */
    for (size_t l = 0; l < layers; l++) {
        size_t count = rows * sizes[l + 1];
        z[l] = malloc(count * sizeof(double));
        a[l] = malloc(count * sizeof(double));
        student_linear_forward(rows, sizes[l], sizes[l + 1], l == 0 ? x : a[l - 1], weights[l], biases[l], z[l]);
        activate(l + 1 < layers ? activation : "identity", count, z[l], a[l]);
    }
    const double *logits = z[layers - 1];
    double *dz = malloc(rows * sizes[layers] * sizeof(double));
    double loss = student_cross_entropy(rows, sizes[layers], logits, labels);
    student_cross_entropy_gradient(rows, sizes[layers], logits, labels, dz);
    for (size_t l = layers; l-- > 0;) {
        size_t count = rows * sizes[l];
        double *da = malloc(count * sizeof(double));
        student_linear_backward(rows, sizes[l], sizes[l + 1], l == 0 ? x : a[l - 1], weights[l], dz, da, dweights[l],
                                dbiases[l]);
        free(dz);
        dz = malloc(count * sizeof(double));
        if (l > 0) {
            activate_gradient(activation, count, z[l - 1], da, dz);
        }
        free(da);
    }
    free(dz);
    for (size_t l = 0; l < layers; l++) {
        free(z[l]);
        free(a[l]);
    }
    return loss;
    // [end]
}

// [end]
// [hidden]
static void *create_by_name(const student_optimizer *chosen, size_t tensors, const size_t *lengths)
{
    return create(tensors, lengths, chosen->learning_rate, chosen->beta1, chosen->beta2, chosen->epsilon);
}

static void step_by_name(const char *name, void *state, double *const *parameters, const double *const *gradients)
{
    if (strcmp(name, "sgd") == 0) {
        student_sgd_step(state, parameters, gradients);
    } else if (strcmp(name, "momentum") == 0) {
        student_momentum_step(state, parameters, gradients);
    } else {
        student_adam_step(state, parameters, gradients);
    }
}

static void gather(size_t batch, size_t width, const double *x, const int32_t *labels, const int32_t *order,
                   double *batch_x, int32_t *batch_labels)
{
    for (size_t r = 0; r < batch; r++) {
        memcpy(batch_x + r * width, x + (size_t)order[r] * width, width * sizeof *x);
        batch_labels[r] = labels[order[r]];
    }
}

// [end]
// [component training]
/* Step s trains on the next batches[s] images of `order`. */
void student_training_batches(size_t layers, const size_t *sizes, const char *activation, double *const *weights,
                              double *const *biases, size_t images, const double *x, const int32_t *labels,
                              size_t steps, const size_t *batches, const int32_t *order,
                              const student_optimizer *chosen, double *losses)
{
    // [solution a training loop]
    double *parameters[2 * MAX_LAYERS];
    double *gradients[2 * MAX_LAYERS];
    size_t lengths[2 * MAX_LAYERS];
    for (size_t l = 0; l < layers; l++) {
        parameters[l] = weights[l];
        parameters[layers + l] = biases[l];
        lengths[l] = sizes[l] * sizes[l + 1];
        lengths[layers + l] = sizes[l + 1];
    }
    for (size_t k = 0; k < 2 * layers; k++) {
        gradients[k] = malloc(lengths[k] * sizeof(double));
    }
    size_t largest = 1;
    (void)images;
    for (size_t s = 0; s < steps; s++) {
        largest = batches[s] > largest ? batches[s] : largest;
    }
    double *batch_x = malloc(largest * sizes[0] * sizeof *batch_x);
    int32_t *batch_labels = malloc(largest * sizeof *batch_labels);
    void *state = create_by_name(chosen, 2 * layers, lengths);
    for (size_t s = 0; s < steps; s++) {
        gather(batches[s], sizes[0], x, labels, order, batch_x, batch_labels);
        order += batches[s];
        losses[s] = student_network_gradient(layers, sizes, activation, batches[s], (const double *const *)weights,
                                             (const double *const *)biases, batch_x, batch_labels, gradients,
                                             gradients + layers);
        step_by_name(chosen->name, state, parameters, (const double *const *)gradients);
    }
    destroy(state);
    free(batch_x);
    free(batch_labels);
    for (size_t k = 0; k < 2 * layers; k++) {
        free(gradients[k]);
    }
    // [end]
}

// [end]
// [end]
// [section]
/* --- the loss surfaces -------------------------------------------------------------------------------------------- */

// [component pathological_curve]
void student_pathological_curve(size_t count, const double *w1, const double *w2, double *loss, double *dw1,
                                double *dw2)
{
    // [solution the pathological curve and its gradient]
    for (size_t i = 0; i < count; i++) {
        real t = (real)tanh(w1[i]);
        real s = sigmoid((real)w2[i]);
        real sign = w1[i] > 0 ? 1 : w1[i] < 0 ? -1 : 0;
        loss[i] = t * t + (real)0.01 * (real)fabs(w1[i]) + s;
        dw1[i] = 2 * t * (1 - t * t) + (real)0.01 * sign;
        dw2[i] = s * (1 - s);
    }
    // [end]
}

// [end]
// [component steep_optima]
void student_steep_optima(size_t count, const double *w1, const double *w2, double *loss, double *dw1, double *dw2)
{
    // [solution the steep optima and their gradient]
    static const real optima[3][2] = {{1, (real)-0.5}, {-1, (real)0.5}, {(real)-0.5, (real)-0.8}};
    const real sigma = (real)0.2;
    const real norm = 1 / (2 * (real)3.141592653589793 * sigma * sigma);
    for (size_t i = 0; i < count; i++) {
        loss[i] = dw1[i] = dw2[i] = 0;
        for (size_t k = 0; k < 3; k++) {
            real d1 = (real)w1[i] - optima[k][0];
            real d2 = (real)w2[i] - optima[k][1];
            real density = norm * (real)exp((double)(-(d1 * d1 + d2 * d2) / (2 * sigma * sigma)));
            loss[i] -= density;
            dw1[i] += density * d1 / (sigma * sigma);
            dw2[i] += density * d2 / (sigma * sigma);
        }
    }
    // [end]
}

// [end]
// [end]
