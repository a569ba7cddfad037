// The optimizers and some layers in JavaScript: camelCase names, arrays of arrays.
function linearForward(x, weight, bias) {
    return x.map((row) => weight.map((w, o) => w.reduce((sum, value, i) => sum + value * row[i], bias[o])));
}

const relu = (x) => Math.max(0, x);
const reluGradient = (x, dy) => (x >= 0 ? dy : 0);
const tanh = (x) => x.map(Math.tanh);

function softmax(logits) {
    return logits.map((row) => {
        const top = Math.max(...row);
        const e = row.map((z) => Math.exp(z - top));
        const sum = e.reduce((a, b) => a + b, 0);
        return e.map((v) => v / sum);
    });
}

function descend(parameters, gradients, direction) {
    let w = parameters;
    return gradients.map((g) => {
        const d = direction(g);
        w = w.map((value, i) => value - d[i]);
        return w;
    });
}

function sgd({parameters0, parameters1, gradients0, gradients1, learningRate}) {
    const scaled = (g) => g.map((v) => learningRate * v);
    return {updated0: descend(parameters0, gradients0, scaled), updated1: descend(parameters1, gradients1, scaled)};
}

export function adam(parameters0, parameters1, gradients0, gradients1, learningRate, beta1, beta2, epsilon) {
    const direction = (length) => {
        const m = new Array(length).fill(0);
        const v = new Array(length).fill(0);
        let t = 0;
        return (g) => {
            t++;
            return g.map((gradient, i) => {
                m[i] = beta1 * m[i] + (1 - beta1) * gradient;
                v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
                const mHat = m[i];
                return learningRate * mHat / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon);
            });
        };
    };
    return [descend(parameters0, gradients0, direction(parameters0.length)),
            descend(parameters1, gradients1, direction(parameters1.length))];
}

console.log("a message that is no reply");
