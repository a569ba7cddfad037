// Right solutions in unusual forms.
// right: softmax cross_entropy leaky_relu leaky_relu_gradient tanh

function softmax(logits) {
    return logits.map((row) => row.map((z) => 1 / row.reduce((sum, other) => sum + Math.exp(other - z), 0)));
}

function cross_entropy(logits, labels) {
    const losses = logits.map((row, i) => {
        const sorted = Float64Array.from(row).sort().reverse();
        return sorted[0] + Math.log1p(sorted.slice(1).reduce((sum, z) => sum + Math.exp(z - sorted[0]), 0)) -
            row[labels[i]];
    });
    return losses.reduce((mean, loss, i) => mean + (loss - mean) / (i + 1), 0);
}

function leaky_relu(x, slope) {
    return x.map((v) => Math.max(v, 0) - slope * Math.max(-v, 0));
}

function leaky_relu_gradient(x, dy, slope) {
    return x.map((v, i) => dy[i] * [slope, 1][Number(v > 0)]);
}

function tanh(x) {
    return x.map((v) => Math.sign(v) * -Math.expm1(-2 * Math.abs(v)) / (1 + Math.exp(-2 * Math.abs(v))));
}
