'use strict';
const math = require('mathjs');
const { promisify } = require('util');

class SGD {
    constructor(params, lr) {
        this.params = params;
        this.lr = lr;
    }
    step(grads) {
        for (let i = 0; i < this.params.length; i++) this.params[i] -= this.lr * grads[i];
    }
}

function tanh(x) { return Math.tanh(x); }
function dTanh(x) { return 1 - Math.tanh(x) ** 2; }
function relu_backward(dout, cache) { return dout.map((d, i) => cache[i] >= 0 ? d : 0); }

function linearForward(x, weight, bias) {
    return x.map(row => weight.map((ws, j) => ws.reduce((s, w, k) => s + w * row[k], bias[j])));
}
function linearBackward(x, weight, dy) {
    const dx = dy.map(d => x[0].map((_, k) => d.reduce((s, v, j) => s + v * weight[j][k], 0)));
    const dweight = weight.map((ws, j) => ws.map((_, k) => dy.reduce((s, d, r) => s + d[j] * x[r][k], 0)));
    const dbias = weight.map((_, j) => dy.reduce((s, d) => s + d[j], 0));
    return { dx, dweight, dbias };
}
function adamStep(w, g, m, v, t, lr, beta1, beta2, eps) {
    const out = [];
    for (let i = 0; i < w.length; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
        out.push(w[i] - lr * m[i] / (Math.sqrt(v[i]) + eps));
    }
    return [out, m, v];
}
function heInit(sizes) {
    const gauss = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    return sizes.slice(1).map((out, l) => ({
        weights: Array.from({ length: out }, () => Array.from({ length: sizes[l] }, () => gauss() * Math.sqrt((l ? 2 : 1) / sizes[l]))),
        bias: new Array(out).fill(0),
    }));
}
module.exports = { SGD, tanh, dTanh, linearForward, linearBackward, adamStep };
exports.helper = 1;
