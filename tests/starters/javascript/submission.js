// Your submission in JavaScript. A matrix is an array of rows, a vector an array of numbers. Grade it as the teacher
// does with
//
//     assay grade submission.js
//
// Functions and classes are found by their names. You may print with console.log. Delete what you do not want graded.
"use strict";

// [hidden]
const zip = (a, b, combine) => a.map((value, i) => combine(value, b[i]));
const sum = (values) => values.reduce((total, value) => total + value, 0);
const transpose = (matrix) => matrix[0].map((_, k) => matrix.map((row) => row[k]));
const multiply = (a, b) => a.map((row) => transpose(b).map((column) => sum(zip(row, column, (u, v) => u * v))));

// [end]
// [section]
// --- linear layer: weight is [out][in] -------------------------------------------------------------------------------

// [component linear_forward]
// Returns y [rows][out].
function linearForward(x, weight, bias) {
    // [solution the affine map of a linear layer]
    return multiply(x, transpose(weight)).map((row) => zip(row, bias, (value, b) => value + b));
    // [end]
}

// [end]
// [component linear_backward]
// dy is the gradient with respect to y. Returns [dx, dweight, dbias].
function linearBackward(x, weight, dy) {
    // [solution the chain rule for a linear layer]
    return [multiply(dy, weight), multiply(transpose(dy), x), transpose(dy).map(sum)];
    // [end]
}

// [end]
// [end]
// [section]
// --- activations: y = f(x), dx = dy f'(x); x, y, dx and dy are vectors -----------------------------------------------

// [hidden]
function logistic(x) {
    const e = Math.exp(-Math.abs(x)); // never overflows
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

// [end]
// [component identity]
function identity(x) {
    // [solution the identity]
    return x;
    // [end]
}

// [end]
// [component identity_gradient]
function identityGradient(x, dy) {
    // [solution the derivative of the identity]
    return dy;
    // [end]
}

// [end]
// [component tanh]
function tanh(x) {
    // [solution the hyperbolic tangent]
    return x.map(Math.tanh);
    // [end]
}

// [end]
// [component tanh_gradient]
function tanhGradient(x, dy) {
    // [solution the derivative of tanh]
    return zip(x, dy, (value, d) => d * (1 - Math.tanh(value) ** 2));
    // [end]
}

// [end]
// [component relu]
function relu(x) {
    // [solution the rectified linear unit]
    return x.map((value) => Math.max(value, 0));
    // [end]
}

// [end]
// [component relu_gradient]
// The derivative at 0 is 0.
function reluGradient(x, dy) {
    // [solution the derivative of ReLU]
    return zip(x, dy, (value, d) => value > 0 ? d : 0);
    // [end]
}

// [end]
// [component sigmoid]
function sigmoid(x) {
    // [solution the logistic function]
    return x.map(logistic);
    // [end]
}

// [end]
// [component sigmoid_gradient]
function sigmoidGradient(x, dy) {
    // [solution the derivative of the logistic function]
    return zip(x.map(logistic), dy, (y, d) => d * y * (1 - y));
    // [end]
}

// [end]
// [component leaky_relu]
function leakyRelu(x, slope) {
    // [solution the leaky ReLU]
    return x.map((value) => value > 0 ? value : slope * value);
    // [end]
}

// [end]
// [component leaky_relu_gradient]
// The derivative at 0 is the slope.
function leakyReluGradient(x, dy, slope) {
    // [solution the derivative of the leaky ReLU]
    return zip(x, dy, (value, d) => value > 0 ? d : slope * d);
    // [end]
}

// [end]
// [end]
// [section]
// --- softmax cross-entropy, averaged over the rows; labels are whole numbers -----------------------------------------

// [hidden]
function softmaxOfRow(row) {
    const largest = Math.max(...row);
    const e = row.map((z) => Math.exp(z - largest));
    const total = sum(e);
    return e.map((value) => value / total);
}

function meanLoss(logits, labels) {
    return sum(logits.map((row, r) => {
        const largest = Math.max(...row);
        return Math.log(sum(row.map((z) => Math.exp(z - largest)))) + largest - row[labels[r]];
    })) / logits.length;
}

function lossGradient(logits, labels) {
    return logits.map((row, r) =>
        softmaxOfRow(row).map((p, j) => (p - (j === labels[r] ? 1 : 0)) / logits.length));
}

// [end]
// [component softmax]
function softmax(logits) {
    // [solution the softmax of each row]
    return logits.map(softmaxOfRow);
    // [end]
}

// [end]
// [component cross_entropy]
// Returns one number.
function crossEntropy(logits, labels) {
    // [solution the mean of the negative log-likelihoods]
    return meanLoss(logits, labels);
    // [end]
}

// [end]
// [component cross_entropy_gradient]
// Returns dlogits, with the shape of logits.
function crossEntropyGradient(logits, labels) {
    // [solution the gradient of softmax cross-entropy]
    return lossGradient(logits, labels);
    // [end]
}

// [end]
// [end]
// [section]
// --- initializers: sizes s_0 .. s_L; they return {weights, biases}, two arrays; a weight is [s_l+1][s_l] -------------

// [hidden]
// mulberry32: uniform on [0, 1). Any good generator will do.
function generator(seed) {
    let state = seed >>> 0;
    const word = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let z = Math.imul(state ^ (state >>> 15), state | 1);
        z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
        return (z ^ (z >>> 14)) >>> 0;
    };
    return () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
}

// Box and Muller's transform.
const normal = (uniform) => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

function parameters(sizes, drawWeight, drawBias) {
    const layers = sizes.slice(1).map((rows, l) => ({rows, columns: sizes[l], l}));
    const vector = (length, draw) => Array.from({length}, draw);
    return {
        weights: layers.map((layer) => vector(layer.rows, () => vector(layer.columns, () => drawWeight(layer)))),
        biases: layers.map((layer) => vector(layer.rows, drawBias)),
    };
}

// [end]
// [component init_constant]
// Weights and biases are all `fill`.
function initConstant(sizes, fill) {
    // [solution constant initialization]
    return parameters(sizes, () => fill, () => fill);
    // [end]
}

// [end]
// [component init_normal]
// Weights and biases from N(0, std^2). The seed determines the draws.
function initNormal(sizes, std, seed) {
    // [solution initialization with constant variance]
    const uniform = generator(seed);
    return parameters(sizes, () => std * normal(uniform), () => std * normal(uniform));
    // [end]
}

// [end]
// [component init_fan_in]
// Activations keep their variance; biases are 0.
function initFanIn(sizes, seed) {
    // [solution initialization with equal variance]
    const uniform = generator(seed);
    return parameters(sizes, ({columns}) => normal(uniform) / Math.sqrt(columns), () => 0);
    // [end]
}

// [end]
// [component init_xavier]
// Biases are 0.
function initXavier(sizes, seed) {
    // [solution Xavier initialization]
    const uniform = generator(seed);
    return parameters(sizes, ({rows, columns}) => Math.sqrt(6 / (rows + columns)) * (2 * uniform() - 1), () => 0);
    // [end]
}

// [end]
// [component init_kaiming]
// For ReLU networks, as in the tutorial; biases are 0.
function initKaiming(sizes, seed) {
    // [solution Kaiming initialization]
    const uniform = generator(seed);
    const gain = (l) => l === 0 ? 1 : 2; // the input of the first layer went through no ReLU
    return parameters(sizes, ({columns, l}) => Math.sqrt(gain(l) / columns) * normal(uniform), () => 0);
    // [end]
}

// [end]
// [end]
// [section]
// --- optimizers: step changes the parameters, an array of vectors, in place ------------------------------------------

// [component sgd]
class SGD {
    constructor(parameters, learningRate) {
        this.parameters = parameters;
        this.learningRate = learningRate;
    }

    step(gradients) {
        // [solution stochastic gradient descent]
        this.parameters.forEach((w, k) => w.forEach((_, i) => { w[i] -= this.learningRate * gradients[k][i]; }));
        // [end]
    }
}

// [end]
// [component momentum]
// The averaging form: m = b m + (1 - b) g.
class Momentum {
    constructor(parameters, learningRate, momentum) {
        this.parameters = parameters;
        this.learningRate = learningRate;
        this.momentum = momentum;
        // [hidden]
        this.m = parameters.map((w) => w.map(() => 0));
        // [end]
    }

    step(gradients) {
        // [solution gradient descent with momentum]
        const b = this.momentum;
        this.parameters.forEach((w, k) => w.forEach((_, i) => {
            this.m[k][i] = b * this.m[k][i] + (1 - b) * gradients[k][i];
            w[i] -= this.learningRate * this.m[k][i];
        }));
        // [end]
    }
}

// [end]
// [component adam]
class Adam {
    constructor(parameters, learningRate, beta1, beta2, epsilon) {
        this.parameters = parameters;
        this.learningRate = learningRate;
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        // [hidden]
        this.t = 0;
        this.m = parameters.map((w) => w.map(() => 0));
        this.v = parameters.map((w) => w.map(() => 0));
        // [end]
    }

    step(gradients) {
        // [solution Adam]
        this.t += 1;
        const first = 1 - this.beta1 ** this.t, second = 1 - this.beta2 ** this.t;
        this.parameters.forEach((w, k) => w.forEach((_, i) => {
            const g = gradients[k][i];
            this.m[k][i] = this.beta1 * this.m[k][i] + (1 - this.beta1) * g;
            this.v[k][i] = this.beta2 * this.v[k][i] + (1 - this.beta2) * g ** 2;
            const rate = this.learningRate / (Math.sqrt(this.v[k][i] / second) + this.epsilon);
            w[i] -= rate * this.m[k][i] / first;
        }));
        // [end]
    }
}

// [end]
// [end]
// [section]
// --- the network: linear layers with an activation ("identity", "tanh", "relu") after each but the last --------------

// [hidden]
const FORWARD = {identity: (x) => x, tanh: Math.tanh, relu: (x) => Math.max(x, 0)};
const DERIVATIVE = {identity: () => 1, tanh: (x) => 1 - Math.tanh(x) ** 2, relu: (x) => x > 0 ? 1 : 0};

function backpropagate(activation, weights, biases, x, labels) {
    const last = weights.length - 1;
    const inputs = [x], sums = [];
    for (let l = 0; l <= last; l++) {
        sums.push(multiply(inputs[l], transpose(weights[l])).map((row) => zip(row, biases[l], (z, b) => z + b)));
        inputs.push(l === last ? sums[l] : sums[l].map((row) => row.map(FORWARD[activation])));
    }
    const dweights = [], dbiases = [];
    let dz = lossGradient(inputs[last + 1], labels);
    for (let l = last; l >= 0; l--) {
        dweights[l] = multiply(transpose(dz), inputs[l]);
        dbiases[l] = transpose(dz).map(sum);
        if (l > 0) {
            const chain = (row, before) => zip(row, before, (d, z) => d * DERIVATIVE[activation](z));
            dz = zip(multiply(dz, weights[l]), sums[l - 1], chain);
        }
    }
    return {loss: meanLoss(inputs[last + 1], labels), dweights, dbiases};
}

// [end]
// [component network_gradient]
// Softmax cross-entropy of the last layer. Returns {loss, dweights, dbiases}.
function networkGradient(sizes, activation, weights, biases, x, labels) {
    // [solution backpropagation]
    return backpropagate(activation, weights, biases, x, labels);
    // [end]
}

// [end]
// [component training]
// order[step] lists the images of a step; optimizer is "sgd", "momentum" (its b is beta1) or "adam".
// Returns {losses, weights, biases}: the losses before each update, and the weights and biases at the end.
function training(sizes, activation, weights, biases, x, labels, order, optimizer, learningRate, beta1, beta2,
    epsilon) {
    // [solution a training loop]
    const vectors = [...weights.flat(), ...biases]; // the rows of the weights: step changes them in place
    const rule = optimizer === "sgd" ? new SGD(vectors, learningRate)
        : optimizer === "momentum" ? new Momentum(vectors, learningRate, beta1)
        : new Adam(vectors, learningRate, beta1, beta2, epsilon);
    const losses = order.map((batch) => {
        const rows = batch.map((i) => x[i]), targets = batch.map((i) => labels[i]);
        const {loss, dweights, dbiases} = backpropagate(activation, weights, biases, rows, targets);
        rule.step([...dweights.flat(), ...dbiases]);
        return loss;
    });
    return {losses, weights, biases};
    // [end]
}

// [end]
// [end]
// [section]
// --- the loss surfaces: the loss and its gradient at many points -----------------------------------------------------

// [component pathological_curve]
// tanh(w1)^2 + 0.01 |w1| + sigmoid(w2); the derivative of |w1| at 0 is 0. Returns [loss, dw1, dw2].
function pathologicalCurve(w1, w2) {
    // [solution the pathological curve and its gradient]
    const t = w1.map(Math.tanh), s = w2.map(logistic);
    return [
        w1.map((w, i) => t[i] ** 2 + 0.01 * Math.abs(w) + s[i]),
        w1.map((w, i) => 2 * t[i] * (1 - t[i] ** 2) + 0.01 * Math.sign(w)),
        s.map((value) => value * (1 - value)),
    ];
    // [end]
}

// [end]
// [component steep_optima]
// Minus three bivariate normal densities, sigma 0.2, around (1, -0.5), (-1, 0.5), (-0.5, -0.8).
// Returns [loss, dw1, dw2].
function steepOptima(w1, w2) {
    // [solution the steep optima and their gradient]
    const variance = 0.2 ** 2;
    const loss = w1.map(() => 0), dw1 = w1.map(() => 0), dw2 = w1.map(() => 0);
    for (const [x, y] of [[1, -0.5], [-1, 0.5], [-0.5, -0.8]]) {
        w1.forEach((w, i) => {
            const a = w - x, b = w2[i] - y;
            const density = Math.exp(-(a * a + b * b) / (2 * variance)) / (2 * Math.PI * variance);
            loss[i] -= density;
            dw1[i] += density * a / variance;
            dw2[i] += density * b / variance;
        });
    }
    return [loss, dw1, dw2];
    // [end]
}

// [end]
// [end]
