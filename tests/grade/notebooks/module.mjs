// Homework 3, ES module
import assert from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { readFileSync } from "fs";

export const relu = (x) => Math.max(0, x);
export const reluDerivative = (x) => (x > 0 ? 1 : 0);
export const sigmoid = x => 1 / (1 + Math.exp(-x));
export function sigmoidPrime(x) { const s = sigmoid(x); return s * (1 - s); }
export default function softmax(logits) {
  return logits.map((row) => {
    const peak = Math.max(...row);
    const e = row.map((z) => Math.exp(z - peak));
    const total = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / total);
  });
}
const crossEntropy = (logits, labels) => {
  let total = 0;
  logits.forEach((row, i) => {
    const peak = Math.max(...row);
    const lse = peak + Math.log(row.reduce((s, z) => s + Math.exp(z - peak), 0));
    total += lse - row[labels[i]];
  });
  return total / labels.length;
};

export class Adam {
  #m = null; #v = null; #t = 0;
  constructor(lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8) {
    Object.assign(this, { lr, beta1, beta2, eps });
  }
  step(params, grads) {
    if (this.#m === null) { this.#m = params.map(() => 0); this.#v = params.map(() => 0); }
    this.#t += 1;
    for (let i = 0; i < params.length; i++) {
      this.#m[i] = this.beta1 * this.#m[i] + (1 - this.beta1) * grads[i];
      this.#v[i] = this.beta2 * this.#v[i] + (1 - this.beta2) * grads[i] ** 2;
      const mHat = this.#m[i] / (1 - this.beta1 ** this.#t);
      const vHat = this.#v[i] / (1 - this.beta2 ** this.#t);
      params[i] -= this.lr * mHat / (Math.sqrt(vHat) + this.eps);
    }
  }
}
export class SGDMomentum {
  constructor({ learningRate, momentum = 0.9 }) { this.lr = learningRate; this.mu = momentum; this.v = []; }
  update(weights, gradients) {
    return weights.map((w, i) => {
      this.v[i] = this.mu * (this.v[i] ?? 0) + gradients[i];
      return w - this.lr * this.v[i];
    });
  }
}
export { crossEntropy as crossEntropyLoss };
const data = JSON.parse(readFileSync("train.json"));
document.getElementById("plot").innerHTML = "x";
