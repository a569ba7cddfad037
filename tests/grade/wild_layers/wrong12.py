"""Wrong gradients and optimizers as students write them, each of another kind than in the other files."""
import numpy as np


def _shares(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# softmax: softmax.last_class_zero
def softmax(logits):
    out = np.zeros_like(logits)
    for row, z in zip(out, logits):
        most = max(z)
        total = sum(np.exp(v - most) for v in z)
        for j in range(len(z) - 1):
            row[j] = np.exp(z[j] - most) / total
    return out


# cross_entropy: cross_entropy.logarithm_of_product
def cross_entropy(logits, labels):
    return -np.log(np.prod(_shares(logits)[np.arange(len(labels)), labels])) / len(labels)


# cross_entropy_gradient: cross_entropy_gradient.loss_returned
def cross_entropy_gradient(logits, labels):
    p = _shares(logits)
    return -np.eye(p.shape[1])[labels] * np.log(p) / len(p)


# leaky_relu_gradient: leaky_relu_gradient.slope_zero_replaced
def leaky_relu_gradient(x, dy, slope):
    return np.where(x > 0, dy, dy * (slope if slope else 0.2))


# init_kaiming: init_kaiming.other_gain + initializer.bias_constant
def init_kaiming(sizes, seed):
    rng = np.random.default_rng(seed)
    made = []
    for i, o in zip(sizes, sizes[1:]):
        made += [rng.standard_normal((o, i)) * 0.01 * np.sqrt(2 / i), np.full(o, 0.1)]
    return made


class _Rule:
    def __init__(self, parameters, learning_rate):
        self.parameters, self.lr, self.t = parameters, learning_rate, 0
        self.m = [np.zeros_like(w) for w in parameters]
        self.v = [np.zeros_like(w) for w in parameters]


# sgd: sgd.absolute_penalty + sgd.learning_rate_per_step
class SGD(_Rule):
    def step(self, gradients):
        self.t += 1
        for w, g in zip(self.parameters, gradients):
            w -= self.lr / self.t * (g + 0.01 * np.sign(w))


# momentum: momentum.old_average_scaled
class Momentum(_Rule):
    def __init__(self, parameters, learning_rate, momentum):
        super().__init__(parameters, learning_rate)
        self.b = momentum

    def step(self, gradients):
        for k, (w, g) in enumerate(zip(self.parameters, gradients)):
            self.m[k] = (1 - self.b) * (self.b * self.m[k] + g)
            w -= self.lr * self.m[k]


# adam: adam.learning_rate_decays + adam.epsilon_outside_quotient
class Adam(_Rule):
    def __init__(self, parameters, learning_rate, beta1, beta2, epsilon):
        super().__init__(parameters, learning_rate)
        self.b1, self.b2, self.eps = beta1, beta2, epsilon

    def step(self, gradients):
        self.t += 1
        for k, (w, g) in enumerate(zip(self.parameters, gradients)):
            self.m[k] = self.b1 * self.m[k] + (1 - self.b1) * g
            self.v[k] = self.b2 * self.v[k] + (1 - self.b2) * g * g
            first, second = self.m[k] / (1 - self.b1 ** self.t), self.v[k] / (1 - self.b2 ** self.t)
            w -= self.lr / (1 + 0.1 * self.t) * first / np.sqrt(second) + self.eps
