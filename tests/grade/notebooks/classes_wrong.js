// Classes in CommonJS
class Optimizer { constructor(params, { lr = 0.01 } = {}) { this.params = params; this.lr = lr; } }
class SGD extends Optimizer { step(grads) { this.params.forEach((p, i) => p.forEach((_, j) => { p[j] -= this.lr * grads[i][j]; })); } }
class SGDMomentum extends Optimizer {
  constructor(params, { lr = 0.01, momentum = 0.9 } = {}) { super(params, { lr }); this.momentum = momentum; this.m = params.map(p => new Float64Array(p.length)); }
  step(grads) { this.params.forEach((p, i) => p.forEach((_, j) => { this.m[i][j] = this.momentum * this.m[i][j] + (1 - this.momentum) * grads[i][j]; p[j] -= this.lr * this.m[i][j]; })); }
}
class ReLU { forward(x) { this.x = x; return x.map(v => Math.max(v, 0)); } backward(dout) { return dout.map((d, i) => this.x[i] > 0 ? d : 0); } }
class Sigmoid { forward(x) { this.y = x.map(v => 1 / (1 + Math.exp(-v))); return this.y; } backward(dout) { return dout.map((d, i) => d * this.y[i] * this.y[i]); } }
class Dense {
  constructor(nIn, nOut) { this.weights = Array.from({ length: nIn }, () => new Array(nOut).fill(0)); this.bias = new Array(nOut).fill(0); }
  forward(x) { this.x = x; return x.map(row => this.bias.map((b, j) => row.reduce((s, v, k) => s + v * this.weights[k][j], b))); }
  backward(dy) {
    this.dWeights = this.weights.map((_, k) => this.bias.map((_, j) => dy.reduce((s, d, r) => s + this.x[r][k] * d[j], 0)));
    this.dBias = this.bias.map((_, j) => dy.reduce((s, d) => s + d[j], 0));
    return dy.map(d => this.weights.map(row => row.reduce((s, w, j) => s + w * d[j], 0)));
  }
}
const softmax = (z) => { const m = Math.max(...z); const e = z.map(v => Math.exp(v - m)); const s = e.reduce((a, b) => a + b); return e.map(v => v / s); };
const crossEntropy = (probs, labels) => probs.reduce((s, p, i) => s - Math.log(p[labels[i]]), 0) / labels.length;
const leakyReLU = (x, alpha = 0.01) => x > 0 ? x : alpha * x;
const leakyReLUDerivative = (x, alpha = 0.01) => x > 0 ? 1 : alpha;
function xavierInit(nIn, nOut) { const b = Math.sqrt(6 / (nIn + nOut)); return Array.from({ length: nOut }, () => Array.from({ length: nIn }, () => (Math.random() * 2 - 1) * b)); }
function pathologicalCurveLoss(w1, w2) {
  const s = 1 / (1 + Math.exp(-w2));
  return { loss: Math.tanh(w1) ** 2 + 0.01 * Math.abs(w1) + s, dw1: 2 * Math.tanh(w1) * (1 - Math.tanh(w1) ** 2) + 0.01 * Math.sign(w1), dw2: s * (1 - s) };
}
function adam(params, grads, state, { lr, beta1, beta2, eps }) {
  state.t++;
  return params.map((p, i) => { state.m[i] = beta1 * state.m[i] + (1 - beta1) * grads[i]; state.v[i] = beta2 * state.v[i] + (1 - beta2) * grads[i] ** 2;
    return p - lr * (state.m[i] / (1 - beta1 ** state.t)) / Math.sqrt(state.v[i] / (1 - beta2 ** state.t) + eps); });
}
document.getElementById("plot");
