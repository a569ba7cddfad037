#!/usr/bin/env python3
"""Optimizers, networks and training loops as students write them, each with the names that it must get, and no others.

    wild.py CASES OUT      reads the cases of `assay grade --export`, writes a folder of answers for each submission
    wild.py --check OUT    compares the report in each of these folders (report.json) with what is expected
"""
import json
import os
import shutil
import sys

import numpy as np

WILD = {}


def wild(component, ids):
    """The component, and the ids that must be named; after "<", those that it must follow from."""
    def register(thing):
        add(f"{component}-{thing.__name__}", **{component: (thing, ids)})
        return thing
    return register


def add(submission, **components):
    assert submission not in WILD, submission
    WILD[submission] = components


# --- optimizers: step(parameters, gradients) changes the parameters in place ----------------------------------------

class Optimizer:
    def __init__(self, lr, b=0.0, b1=0.0, b2=0.0, eps=0.0):
        self.lr, self.b, self.b1, self.b2, self.eps = lr, b, b1, b2, eps
        self.t, self.m, self.v, self.kept = 0, {}, {}, {}

    def step(self, ws, gs):
        self.t += 1
        for k, (w, g) in enumerate(zip(ws, gs)):
            self.one(k, w, g)

    def old(self, k, w):
        return self.m.get(k, np.zeros_like(w)), self.v.get(k, np.zeros_like(w))


@wild("sgd", "")
class right_sgd(Optimizer):
    def one(self, k, w, g):
        w += -self.lr * g


@wild("sgd", "sgd.sign")
class ascent(Optimizer):
    def one(self, k, w, g):
        w += self.lr * g


@wild("sgd", "sgd.learning_rate_ignored")
class fixed_rate(Optimizer):
    def one(self, k, w, g):
        w -= 0.0137 * g


@wild("sgd", "sgd.step_scaled")
class doubled(Optimizer):
    def one(self, k, w, g):
        w -= self.lr * 2 * g


@wild("sgd", "sgd.weight_decay")
class l2(Optimizer):
    def one(self, k, w, g):
        w -= self.lr * (g + 0.0123 * w)


@wild("sgd", "sgd.sign sgd.weight_decay")
class l2_ascent(Optimizer):
    def one(self, k, w, g):
        w += self.lr * (g + 0.004 * w)


@wild("sgd", "sgd.last_tensor_only")
class indentation(Optimizer):
    def step(self, ws, gs):
        for w, g in zip(ws, gs):
            pass
        w -= self.lr * g


@wild("sgd", "sgd.nothing_updated")
class rebound(Optimizer):
    def one(self, k, w, g):
        w = w - self.lr * g


@wild("sgd", "sgd.gradient_clipped sgd.gradient_accumulated")
class sums_and_clips(Optimizer):
    def one(self, k, w, g):
        self.m[k] = self.m.get(k, 0) + g
        w -= self.lr * np.clip(self.m[k], -1, 1)


# --- momentum

@wild("momentum", "")
class right_lerp(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = m + (g - m) * (1 - self.b)
        w -= self.lr * self.m[k]


@wild("momentum", "momentum.averaging_missing")
class classical(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = self.b * m - self.lr * g
        w += self.m[k]


@wild("momentum", "momentum.averaging_missing momentum.nesterov")
class keras_nesterov(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = self.b * m - self.lr * g
        w += self.b * self.m[k] - self.lr * g


@wild("momentum", "momentum.averaging_missing momentum.sign")
class classical_ascent(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = self.b * m + self.lr * g
        w += self.m[k]


@wild("momentum", "momentum.momentum_ignored")
class fixed_beta(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = 0.83 * m + (1 - 0.83) * g
        w -= self.lr * self.m[k]


@wild("momentum", "momentum.averaging_missing momentum.momentum_ignored")
class fixed_beta_classical(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = 0.77 * m + g
        w -= self.lr * self.m[k]


@wild("momentum", "momentum.not_decayed")
class grows(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        m += (1 - self.b) * g
        self.m[k] = m
        w -= self.lr * m


@wild("momentum", "momentum.gradient_added")
class twice(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = self.b * m + (1 - self.b) * g
        w -= self.lr * self.m[k]
        w -= self.lr * g


@wild("momentum", "momentum.kept_negated")
class minus(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = (1 - self.b) * g - self.b * m
        w -= self.lr * self.m[k]


@wild("momentum", "momentum.averaging_missing momentum.weight_decay")
class torch_decay(Optimizer):
    def one(self, k, w, g):
        g = g + 5e-4 * w
        m, _ = self.old(k, w)
        self.m[k] = self.b * m + g
        w -= self.lr * self.m[k]


@wild("momentum", "momentum.decoupled_decay")
class decoupled(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = self.b * m + (1 - self.b) * g
        w *= 1 - self.lr * 0.02
        w -= self.lr * self.m[k]


@wild("momentum", "momentum.averaging_missing momentum.first_tensor_only")
class one_tensor(Optimizer):
    def step(self, ws, gs):
        m, _ = self.old(0, ws[0])
        self.m[0] = self.b * m + gs[0]
        ws[0] -= self.lr * self.m[0]


@wild("momentum", "momentum.bias_corrected momentum.learning_rate_ignored")
class corrected_fixed(Optimizer):
    def one(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = self.b * m + (1 - self.b) * g
        w -= 0.05 * self.m[k] / (1 - self.b ** self.t)


# --- Adam

class Adam(Optimizer):
    def moments(self, k, w, g):
        m, v = self.old(k, w)
        self.m[k] = self.b1 * m + (1 - self.b1) * g
        self.v[k] = self.b2 * v + (1 - self.b2) * g * g
        return self.m[k], self.v[k]

    def hats(self, m, v):
        return m / (1 - self.b1 ** self.t), v / (1 - self.b2 ** self.t)

    def move(self, w, m, v):
        w -= self.lr * m / (np.sqrt(v) + self.eps)

    def one(self, k, w, g):
        self.move(w, *self.hats(*self.moments(k, w, g)))


@wild("adam", "")
class right_efficient(Adam):
    def one(self, k, w, g):
        m, v = self.moments(k, w, g)
        c2 = np.sqrt(1 - self.b2 ** self.t)
        w -= self.lr * c2 / (1 - self.b1 ** self.t) * m / (np.sqrt(v) + self.eps * c2)


@wild("adam", "")
class right_powers(Adam):
    p1 = p2 = 1.0

    def step(self, ws, gs):
        self.p1 *= self.b1
        self.p2 *= self.b2
        super().step(ws, gs)

    def hats(self, m, v):
        return m / (1 - self.p1), v / (1 - self.p2)


@wild("adam", "")
class right_square(Adam):
    def moments(self, k, w, g):
        m, v = self.old(k, w)
        self.m[k] = m - (1 - self.b1) * (m - g)
        self.v[k] = v + (1 - self.b2) * (np.square(g) - v)
        return self.m[k], self.v[k]

    def move(self, w, m, v):
        w += -self.lr * m * (v ** 0.5 + self.eps) ** -1


@wild("adam", "adam.epsilon_before_correction")
class hat(Adam):
    def one(self, k, w, g):
        m, v = self.moments(k, w, g)
        w -= self.lr * np.sqrt(1 - self.b2 ** self.t) / (1 - self.b1 ** self.t) * m / (np.sqrt(v) + self.eps)


@wild("adam", "adam.epsilon_before_correction adam.beta2_ignored")
class hat_beta2(Adam):
    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        self.b2 = 0.98

    one = hat.one


@wild("adam", "adam.epsilon_before_correction adam.t_ahead")
class hat_ahead(Adam):
    def step(self, ws, gs):
        self.t += 1 if self.t else 2
        for k, (w, g) in enumerate(zip(ws, gs)):
            hat.one(self, k, w, g)


@wild("adam", "adam.power_outside")
class power_outside(Adam):
    def hats(self, m, v):
        return m / (1 - self.b1) ** self.t, v / (1 - self.b2) ** self.t


@wild("adam", "adam.power_of_two")
class squares(Adam):
    def hats(self, m, v):
        return m / (1 - self.b1 ** 2), v / (1 - self.b2 ** 2)


@wild("adam", "adam.epsilon_in_root adam.second_correction_missing")
class two_things(Adam):
    def one(self, k, w, g):
        m, v = self.moments(k, w, g)
        w -= self.lr * (m / (1 - self.b1 ** self.t)) / np.sqrt(v + self.eps)


@wild("adam", "adam.epsilon_outside_quotient")
class precedence(Adam):
    def move(self, w, m, v):
        w -= self.lr * m / np.sqrt(v) + self.eps


@wild("adam", "adam.one_buffer")
class alias(Adam):
    def moments(self, k, w, g):
        if k not in self.m:
            self.m[k] = self.v[k] = np.zeros_like(w)
        m, v = self.m[k], self.v[k]
        m *= self.b1
        m += (1 - self.b1) * g
        v *= self.b2
        v += (1 - self.b2) * g ** 2
        return m, v


@wild("adam", "adam.decoupled_decay")
class adamw(Adam):
    def one(self, k, w, g):
        w -= self.lr * 0.01 * w
        super().one(k, w, g)


@wild("adam", "adam.decoupled_decay adam.both_corrections_missing")
class adamw_plain(Adam):
    def one(self, k, w, g):
        m, v = self.moments(k, w, g)
        w -= self.lr * (m / (np.sqrt(v) + self.eps) + 0.03 * w)


@wild("adam", "adam.weight_decay adam.t_counts_tensors")
class counts(Adam):
    def step(self, ws, gs):
        for k, (w, g) in enumerate(zip(ws, gs)):
            self.t += 1
            self.one(k, w, g + 0.002 * w)


@wild("adam", "adam.beta1_ignored")
class beta1_fixed(Adam):
    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        self.b1 = 0.75


@wild("adam", "adam.epsilon_ignored")
class eps_fixed(Adam):
    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        self.eps = 1.7e-3


@wild("adam", "adam.epsilon_ignored adam.first_correction_missing")
class eps_fixed_first(Adam):
    def one(self, k, w, g):
        m, v = self.moments(k, w, g)
        w -= self.lr * m / (np.sqrt(v / (1 - self.b2 ** self.t)) + 3e-4)


@wild("adam", "adam.absolute_for_square adam.first_correction_missing")
class no_square(Adam):
    def moments(self, k, w, g):
        m, v = self.old(k, w)
        self.m[k] = self.b1 * m + (1 - self.b1) * g
        self.v[k] = self.b2 * v + (1 - self.b2) * np.abs(g)
        return self.m[k], self.v[k]

    def hats(self, m, v):
        return m, v / (1 - self.b2 ** self.t)


@wild("adam", "adam.second_moment_summed adam.correction_outside_root")
class adagrad_like(Adam):
    def moments(self, k, w, g):
        m, v = self.old(k, w)
        self.m[k] = self.b1 * m + (1 - self.b1) * g
        self.v[k] = v + g ** 2
        return self.m[k], self.v[k]

    def one(self, k, w, g):
        m, v = self.moments(k, w, g)
        w -= self.lr * m / (1 - self.b1 ** self.t) / (np.sqrt(v) / (1 - self.b2 ** self.t) + self.eps)


@wild("adam", "adam.second_moment_not_kept")
class local_v(Adam):
    def moments(self, k, w, g):
        m, _ = self.old(k, w)
        self.m[k] = self.b1 * m + (1 - self.b1) * g
        return self.m[k], (1 - self.b2) * g ** 2


@wild("adam", "adam.corrected_first_moment_kept")
class hat_kept(Adam):
    def one(self, k, w, g):
        m, v = self.moments(k, w, g)
        m, v = self.hats(m, v)
        self.m[k] = m
        self.move(w, m, v)


@wild("adam", "adam.root_missing adam.learning_rate_squared")
class squared_rate(Adam):
    def move(self, w, m, v):
        w -= self.lr ** 2 * m / (v + self.eps)


@wild("adam", "adam.betas_swapped adam.sign")
class swapped_ascent(Adam):
    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        self.b1, self.b2 = self.b2, self.b1

    def move(self, w, m, v):
        w += self.lr * m / (np.sqrt(v) + self.eps)


@wild("adam", "adam.step_scaled")
class halves(Adam):
    def move(self, w, m, v):
        w -= 0.5 * self.lr * m / (np.sqrt(v) + self.eps)


class AdamParts(Optimizer):
    """Adam in four numbers: what is kept and what is fresh of both moments, and the bases of the corrections."""

    def weights(self):
        return self.b1, 1 - self.b1, self.b2, 1 - self.b2, self.b1, self.b2

    def one(self, k, w, g):
        kept1, fresh1, kept2, fresh2, base1, base2 = self.weights()
        m, v = self.old(k, w)
        self.m[k], self.v[k] = kept1 * m + fresh1 * g, kept2 * v + fresh2 * g ** 2
        w -= self.lr * self.m[k] / (1 - base1 ** self.t) / (np.sqrt(self.v[k] / (1 - base2 ** self.t)) + self.eps)


for name, place, ids in (("v_fresh", {3: "b1"}, "one_minus_beta1_in_second"),
                         ("m_fresh", {1: "b2"}, "one_minus_beta2_in_first"),
                         ("v_kept", {2: "b1"}, "second_decayed_by_beta1"),
                         ("m_kept", {0: "b2"}, "first_decayed_by_beta2"),
                         ("v_both", {2: "b1", 3: "b1"}, "second_averaged_with_beta1"),
                         ("m_both", {0: "b2", 1: "b2"}, "first_averaged_with_beta2"),
                         ("corrections", {4: "b2", 5: "b1"}, "corrections_swapped"),
                         ("moments", {0: "b2", 1: "b2", 2: "b1", 3: "b1"}, "betas_swapped adam.corrections_swapped"),
                         ("none", {}, "")):
    def weights(self, place=place):
        values = list(AdamParts.weights(self))
        for i, beta in place.items():
            values[i] = 1 - getattr(self, beta) if i in (1, 3) else getattr(self, beta)
        return values
    add(f"adam-exchanged_{name}", adam=(type(name, (AdamParts,), {"weights": weights}), ids and "adam." + ids))


# --- networks -------------------------------------------------------------------------------------------------------

def act(name, z):
    return np.tanh(z) if name == "tanh" else np.maximum(z, 0) if name == "relu" else z


def dact(name, z):
    return 1 - np.tanh(z) ** 2 if name == "tanh" else (z > 0) * 1.0 if name == "relu" else np.ones_like(z)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class Net:
    """A right network; subclasses change a method."""

    def __init__(self, activation):
        self.activation = activation

    def act(self, z):
        return act(self.activation, z)

    def dact(self, z, a):
        return dact(self.activation, z)

    def loss(self, y, labels):
        return -np.mean(np.log(softmax(y)[np.arange(len(y)), labels]))

    def dloss(self, y, labels):
        p = softmax(y)
        p[np.arange(len(y)), labels] -= 1
        return p / len(y)

    def dw(self, dz, a, w):
        return dz.T @ a

    def db(self, dz):
        return dz.sum(axis=0)

    def da(self, dz, w):
        return dz @ w

    def __call__(self, ws, bs, x, labels):
        a, zs, inputs = x, [], []
        for l, (w, b) in enumerate(zip(ws, bs)):
            inputs.append(a)
            z = a @ w.T + b
            zs.append(z)
            a = self.act(z) if l + 1 < len(ws) else z
        loss = self.loss(a, labels)
        dz = self.dloss(a, labels)
        dws, dbs = [None] * len(ws), [None] * len(ws)
        for l in reversed(range(len(ws))):
            dws[l], dbs[l] = self.dw(dz, inputs[l], ws[l]), self.db(dz)
            if l > 0:
                dz = self.da(dz, ws[l]) * self.dact(zs[l - 1], inputs[l])
        return loss, dws, dbs


@wild("network_gradient", "")
class right_net(Net):
    def dloss(self, y, labels):
        return (softmax(y) - np.eye(y.shape[1])[labels]) / y.shape[0]

    def db(self, dz):
        return np.ones(len(dz)) @ dz


@wild("network_gradient", "")
class right_logsumexp(Net):
    def loss(self, y, labels):
        top = y.max(axis=1)
        return np.mean(np.log(np.exp(y - top[:, None]).sum(axis=1)) + top - y[np.arange(len(y)), labels])


@wild("network_gradient", "network_gradient.derivative_always_tanh")
class hard_tanh_derivative(Net):
    def dact(self, z, a):
        return 1 - a ** 2


@wild("network_gradient", "network_gradient.activation_always_relu")
class always_relu(Net):
    def __init__(self, activation):
        super().__init__("relu")


@wild("network_gradient", "network_gradient.relu_for_identity")
class else_relu(Net):
    def __init__(self, activation):
        super().__init__("tanh" if activation == "tanh" else "relu")


@wild("network_gradient", "network_gradient.not_averaged")
class summed_gradient(Net):
    def dloss(self, y, labels):
        return super().dloss(y, labels) * len(y)


@wild("network_gradient", "network_gradient.averaged_twice")
class twice_averaged(Net):
    def dw(self, dz, a, w):
        return dz.T @ a / len(a)

    def db(self, dz):
        return dz.mean(axis=0)


@wild("network_gradient", "network_gradient.weight_gradient_averaged")
class weights_twice(Net):
    def dw(self, dz, a, w):
        return dz.T @ a / len(a)


@wild("network_gradient", "network_gradient.bias_gradient_averaged network_gradient.derivative_missing")
class two_of_net(Net):
    def db(self, dz):
        return dz.mean(axis=0)

    def dact(self, z, a):
        return 1.0


@wild("network_gradient", "network_gradient.bias_gradient_over_all")
class all_axes(Net):
    def db(self, dz):
        return np.full(dz.shape[1], dz.sum())


@wild("network_gradient", "network_gradient.softmax_twice")
class two_softmaxes(Net):
    def loss(self, y, labels):
        return super().loss(softmax(y), labels)

    def dloss(self, y, labels):
        p = softmax(y)
        d = super().dloss(p, labels)
        return p * (d - (d * p).sum(axis=1, keepdims=True))


@wild("network_gradient", "network_gradient.softmax_twice")
class softmax_layer(Net):
    """The last layer's output goes through softmax; loss and gradient take it for logits."""

    def loss(self, y, labels):
        return super().loss(softmax(y), labels)

    def dloss(self, y, labels):
        return super().dloss(softmax(y), labels)


@wild("network_gradient", "network_gradient.softmax_twice network_gradient.not_averaged")
class softmax_layer_sum(softmax_layer):
    def dloss(self, y, labels):
        return super().dloss(y, labels) * len(y)


@wild("network_gradient", "network_gradient.loss_summed")
class loss_sum(Net):
    def loss(self, y, labels):
        return super().loss(y, labels) * len(y)


@wild("network_gradient", "network_gradient.weight_decay")
class penalty(Net):
    def dw(self, dz, a, w):
        return dz.T @ a + 0.0021 * w


@wild("network_gradient", "network_gradient.weight_decay network_gradient.not_averaged")
class penalty_sum(Net):
    def dw(self, dz, a, w):
        return dz.T @ a + 0.1 * w

    def dloss(self, y, labels):
        return super().dloss(y, labels) * len(y)


@wild("network_gradient", "network_gradient.softmax_derivative_again")
class p_1_p(Net):
    def dloss(self, y, labels):
        p = softmax(y)
        return (p - np.eye(y.shape[1])[labels]) * p * (1 - p) / len(y)


@wild("network_gradient", "cross_entropy.epsilon_in_logarithm")
class eps_in_log(Net):
    def loss(self, y, labels):
        return -np.mean(np.log(softmax(y)[np.arange(len(y)), labels] + 3e-5))


@wild("network_gradient", "network_gradient.preactivation_overwritten")
class tanh_of_a(Net):
    def dact(self, z, a):
        return 1 - np.tanh(a) ** 2 if self.activation == "tanh" else dact(self.activation, z)


@wild("network_gradient", "tanh_gradient.square_missing")
class one_minus_a(Net):
    def dact(self, z, a):
        return 1 - a if self.activation == "tanh" else dact(self.activation, z)


@wild("network_gradient", "relu_gradient.leak network_gradient.not_averaged")
class leaky(Net):
    def dact(self, z, a):
        return np.where(z > 0, 1.0, 0.01) if self.activation == "relu" else dact(self.activation, z)

    def dloss(self, y, labels):
        return super().dloss(y, labels) * len(y)


@wild("network_gradient", "network_gradient.finite_differences")
class numeric(Net):
    H = 1e-6

    def __call__(self, ws, bs, x, labels):
        loss = super().__call__(ws, bs, x, labels)[0]
        found = []
        for tensors in (ws, bs):
            found.append([])
            for w in tensors:
                d = np.zeros_like(w)
                for i in np.ndindex(w.shape):
                    before = w[i]
                    w[i] = before + self.H
                    up = super().__call__(ws, bs, x, labels)[0]
                    w[i] = before
                    d[i] = self.quotient(loss, up, w, i, before, ws, bs, x, labels)
                found[-1].append(d)
        return loss, found[0], found[1]

    def quotient(self, loss, up, w, i, before, ws, bs, x, labels):
        return (up - loss) / self.H


@wild("network_gradient", "network_gradient.finite_differences")
class numeric_central(numeric):
    H = 1e-7

    def quotient(self, loss, up, w, i, before, ws, bs, x, labels):
        w[i] = before - self.H
        down = Net.__call__(self, ws, bs, x, labels)[0]
        w[i] = before
        return (up - down) / (2 * self.H)


@wild("network_gradient", "network_gradient.finite_differences")
class numeric_coarse(numeric):
    H = 1e-3


@wild("network_gradient", "network_gradient.backward_weight_order network_gradient.sign")
class minus_and_order(Net):
    def dloss(self, y, labels):
        return -super().dloss(y, labels)

    def da(self, dz, w):
        return dz @ w.reshape(w.shape[1], w.shape[0]).T


@wild("network_gradient", "network_gradient.input_before_activation")
class cached_z(Net):
    def __call__(self, ws, bs, x, labels):
        cached = []
        for l, (w, b) in enumerate(zip(ws, bs)):
            cached.append(x)
            x = (self.act(x) if l else x) @ w.T + b
        loss, dz = self.loss(x, labels), self.dloss(x, labels)
        dws, dbs = [], []
        for l in reversed(range(len(ws))):
            dws.insert(0, dz.T @ cached[l])
            dbs.insert(0, dz.sum(0))
            dz = dz @ ws[l] * self.dact(cached[l], None)
        return loss, dws, dbs


# --- training loops ---------------------------------------------------------------------------------------------------

RULES = {"sgd": right_sgd, "momentum": right_lerp, "adam": right_efficient}


class Loop:
    net = Net
    rules = RULES

    def __init__(self, case):
        self.__dict__.update(case)
        n = 0
        self.ws, self.bs = [], []
        while f"weight{n}" in case:
            self.ws.append(case[f"weight{n}"].copy())
            self.bs.append(case[f"bias{n}"].copy())
            n += 1
        self.order = [row[row >= 0] for row in case["order"]]
        self.model = self.net(self.activation)
        self.rule = self.rules[self.optimizer](self.learning_rate, b=self.beta1, b1=self.beta1, b2=self.beta2,
                                               eps=self.epsilon)

    def gradients(self, x, y):
        loss, dws, dbs = self.model(self.ws, self.bs, x, y)
        return loss, dws + dbs

    def batch(self, s):
        return self.x[self.order[s]], self.labels[self.order[s]]

    def step(self, s):
        loss, gs = self.gradients(*self.batch(s))
        self.rule.step(self.ws + self.bs, gs)
        return loss

    def run(self):
        return [self.step(s) for s in range(len(self.order))]


@wild("training", "")
class right_loop(Loop):
    pass


@wild("training", "training.labels_not_shuffled")
class labels_in_order(Loop):
    at = 0

    def batch(self, s):
        rows = (self.at + np.arange(len(self.order[s]))) % len(self.x)
        self.at += len(rows)
        return self.x[self.order[s]], self.labels[rows]


@wild("training", "training.softmax_twice")
class loop_two_softmaxes(Loop):
    net = two_softmaxes


@wild("training", "training.softmax_twice training.labels_not_shuffled")
class loop_softmax_layer(labels_in_order):
    net = softmax_layer


@wild("training", "training.gradient_accumulated")
class never_zeroed(Loop):
    def step(self, s):
        loss, gs = self.gradients(*self.batch(s))
        self.sums = [a + g for a, g in zip(self.sums, gs)] if s else gs
        self.rule.step(self.ws + self.bs, self.sums)
        return loss


@wild("training", "training.gradient_accumulated training.not_averaged")
class never_zeroed_sum(never_zeroed):
    def gradients(self, x, y):
        loss, gs = super().gradients(x, y)
        return loss, [g * len(x) for g in gs]


def late_step(loop, s):
    Loop.step(loop, s)
    return loop.gradients(*loop.batch(s))[0]


@wild("training", "training.loss_after_update")
class loss_late(Loop):
    def step(self, s):
        return late_step(self, s)


@wild("training", "training.loss_after_update training.biases_fixed")
class loss_late_weights(Loop):
    def step(self, s):
        self.rule.step(self.ws, self.gradients(*self.batch(s))[1][:len(self.ws)])
        return self.gradients(*self.batch(s))[0]


@wild("training", "training.state_reset")
class new_optimizer(Loop):
    def step(self, s):
        self.rule = type(self.rule)(self.learning_rate, b=self.beta1, b1=self.beta1, b2=self.beta2, eps=self.epsilon)
        return super().step(s)


@wild("training", "training.gradient_of_last_step")
class step_first(Loop):
    gs = None

    def step(self, s):
        loss, gs = self.gradients(*self.batch(s))
        if self.gs is not None:
            self.rule.step(self.ws + self.bs, self.gs)
        self.gs = gs
        return loss


@wild("training", "training.nothing_updated")
class zeroed_before_step(Loop):
    def step(self, s):
        loss, gs = self.gradients(*self.batch(s))
        self.rule.step(self.ws + self.bs, [0 * g for g in gs])
        return loss


@wild("training", "training.start_returned")
class trained_copy(Loop):
    def run(self):
        ws, bs = [w.copy() for w in self.ws], [b.copy() for b in self.bs]
        losses = super().run()
        self.ws, self.bs = ws, bs
        return losses


@wild("training", "training.nominal_batch_size")
class constant_size(Loop):
    def gradients(self, x, y):
        loss, gs = super().gradients(x, y)
        share = len(x) / len(self.order[0])
        return loss * share, [g * share for g in gs]


@wild("training", "training.nominal_batch_size")
class constant_size_gradient(Loop):
    def gradients(self, x, y):
        loss, gs = super().gradients(x, y)
        return loss, [g * len(x) / len(self.order[0]) for g in gs]


@wild("training", "training.last_batch_dropped")
class last_not_learnt(Loop):
    def step(self, s):
        loss, gs = self.gradients(*self.batch(s))
        if len(self.order[s]) == len(self.order[0]):
            self.rule.step(self.ws + self.bs, gs)
        return loss


@wild("training", "training.last_batch_filled")
class stale_buffer(Loop):
    buffer = None

    def batch(self, s):
        x, y = super().batch(s)
        if self.buffer is None:
            self.buffer = [x.copy(), y.copy()]
        self.buffer[0][:len(x)], self.buffer[1][:len(y)] = x, y
        return self.buffer


@wild("training", "training.last_batch_filled training.loss_after_update")
class stale_late(stale_buffer):
    def step(self, s):
        return late_step(self, s)


@wild("training", "training.loss_running_mean")
class running(Loop):
    def run(self):
        losses = super().run()
        return [np.mean(losses[:i + 1]) for i in range(len(losses))]


@wild("training", "training.always_sgd")
class only_sgd(Loop):
    rules = dict.fromkeys(RULES, right_sgd)


@wild("training", "training.gradient_norm_clipped")
class clipped(Loop):
    def gradients(self, x, y):
        loss, gs = super().gradients(x, y)
        norm = np.sqrt(sum((g ** 2).sum() for g in gs))
        return loss, [g * min(1, 0.73 / norm) for g in gs]


@wild("training", "momentum.averaging_missing")
class own_classical(Loop):
    rules = {**RULES, "momentum": classical}


@wild("training", "adam.epsilon_in_root")
class own_adam(Loop):
    class Rooted(Adam):
        def move(self, w, m, v):
            w -= self.lr * m / np.sqrt(v + self.eps)
    rules = {**RULES, "adam": Rooted}


@wild("training", "adam.beta2_ignored")
class own_adam_fixed(Loop):
    class Fixed(Adam):
        def __init__(self, *a, **k):
            super().__init__(*a, **k)
            self.b2 = 0.9
    rules = {**RULES, "adam": Fixed}


@wild("training", "training.biases_fixed")
class no_bias_gradient(Loop):
    class net(Net):
        def db(self, dz):
            return np.zeros(dz.shape[1])


@wild("training", "network_gradient.derivative_missing training.loss_after_update")
class no_derivative_late(Loop):
    class net(Net):
        def dact(self, z, a):
            return 1.0
    def step(self, s):
        return late_step(self, s)


@wild("training", "training.updated_during_backward")
class eager(Loop):
    def step(self, s):
        x, labels = self.batch(s)
        a, zs, inputs = x, [], []
        for l, (w, b) in enumerate(zip(self.ws, self.bs)):
            inputs.append(a)
            zs.append(a @ w.T + b)
            a = self.model.act(zs[l]) if l + 1 < len(self.ws) else zs[l]
        loss, dz = self.model.loss(a, labels), self.model.dloss(a, labels)
        self.rule.t += 1
        for l in reversed(range(len(self.ws))):
            self.rule.one(2 * l, self.ws[l], dz.T @ inputs[l])
            self.rule.one(2 * l + 1, self.bs[l], dz.sum(axis=0))
            if l > 0:
                dz = dz @ self.ws[l] * self.model.dact(zs[l - 1], None)
        return loss


# --- several components, with mistakes that show in composite ones ---------------------------------------------

class loop_with_two_things(Loop):
    rules = {**RULES, "adam": two_things}


class late_loop_with_two_things(loop_with_two_things):
    def step(self, s):
        return late_step(self, s)


class loop_of_summed(Loop):
    class net(Net):
        def dloss(self, y, labels):
            return super().dloss(y, labels) * len(y)


TWO = "adam.epsilon_in_root adam.second_correction_missing"
add("both-follows", adam=(two_things, TWO), training=(loop_with_two_things, "< " + TWO))
add("both-follows_and_late", adam=(two_things, TWO),
    training=(late_loop_with_two_things, "training.loss_after_update < " + TWO))
add("both-network_in_loop", network_gradient=(summed_gradient, "network_gradient.not_averaged"),
    training=(loop_of_summed, "< network_gradient.not_averaged"))
add("both-convention", momentum=(classical, "momentum.averaging_missing"),
    training=(own_classical, "< momentum.averaging_missing"))
add("both-all_wrong", sgd=(ascent, "sgd.sign"), momentum=(minus, "momentum.kept_negated"),
    adam=(power_outside, "adam.power_outside"), training=(right_loop, ""))


# --- running ----------------------------------------------------------------------------------------------------------

def optimizer_answer(thing, case):
    rule = thing(case["learning_rate"], b=case.get("momentum"), b1=case.get("beta1"), b2=case.get("beta2"),
                 eps=case.get("epsilon"))
    ws = [case["parameters0"].copy(), case["parameters1"].copy()]
    seen = [[], []]
    for gradients in zip(case["gradients0"], case["gradients1"]):
        rule.step(ws, gradients)
        for k in range(2):
            seen[k].append(ws[k].copy())
    return {"updated0": seen[0], "updated1": seen[1]}


def network_answer(thing, case):
    layers = range(len(case["sizes"]) - 1)
    loss, dws, dbs = thing(case["activation"])([case[f"weight{l}"].copy() for l in layers],
                                               [case[f"bias{l}"].copy() for l in layers], case["x"], case["labels"])
    return {"loss": loss, **{f"dweight{l}": dws[l] for l in layers}, **{f"dbias{l}": dbs[l] for l in layers}}


def training_answer(thing, case):
    loop = thing(case)
    losses = loop.run()
    layers = range(len(loop.ws))
    return {"losses": losses, **{f"weight{l}": loop.ws[l] for l in layers}, **{f"bias{l}": loop.bs[l] for l in layers}}


ANSWERS = {"network_gradient": network_answer, "training": training_answer}


def write_answers(folder, out):
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as file:
        whole = json.load(file)
    cases = [(case, {name: np.load(os.path.join(folder, value["npy"])) if isinstance(value, dict) else value
                     for name, value in case["inputs"].items()}) for case in whole["cases"]]
    for name, components in WILD.items():
        place = os.path.join(out, name)
        os.makedirs(place)
        shutil.copy(os.path.join(folder, "cases.json"), place)
        for case, inputs in cases:
            thing, _ = components.get(case["call"], (None, None))
            if thing is None:
                continue
            with np.errstate(all="ignore"):
                answers = ANSWERS.get(case["call"], optimizer_answer)(thing, inputs)
            for field, value in answers.items():
                np.save(os.path.join(place, case["outputs"][field]["npy"]), np.asarray(value, dtype=float))


def named(component):
    """For each explanation of the component's cases: the ids, and what they follow from."""
    found = set()
    for case in component["cases"]:
        if case["verdict"] != "wrong":
            continue
        ids = sorted(mistake["id"] for mistake in [case["mistake"], *case["also"]] if mistake)
        found.add(" ".join(ids) + (" < " + " ".join(sorted(case["follows"])) if case["follows"] else "") +
                  "".join(f" or {tie}" for tie in case["ties"]) + ("" if ids or case["follows"] else "nothing"))
    return found


def check(out):
    bad = 0
    for name, components in WILD.items():
        with open(os.path.join(out, name, "report.json"), encoding="utf-8") as file:
            report = {part["component"]: named(part) for part in json.load(file)["components"]}
        for component, (_, ids) in components.items():
            own, _, follows = ids.partition("<")
            wanted = " ".join(sorted(own.split())) + (" < " + " ".join(sorted(follows.split())) if follows else "")
            if report[component] != ({wanted} if wanted else set()):
                print(f"{name}, {component}: expected \"{wanted}\", got {report[component]}")
                bad += 1
    print(f"{len(WILD)} submissions, {bad} with other names")
    sys.exit(bad > 0)


if sys.argv[1] == "--check":
    check(sys.argv[2])
else:
    write_answers(sys.argv[1], sys.argv[2])
