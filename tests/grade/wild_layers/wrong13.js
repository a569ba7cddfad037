// Wrong solutions as students write them in JavaScript: 0 counts as false, and operators have an order.

// sigmoid: sigmoid.parentheses_missing
function sigmoid(x) {
    return x.map((v) => 1 / 1 + Math.exp(-v));
}

// leaky_relu: leaky_relu.slope_zero_replaced
function leaky_relu(x, slope) {
    slope = slope || 0.01;
    return x.map((v) => (v > 0 ? v : slope * v));
}

// leaky_relu_gradient: leaky_relu_gradient.slope_zero_replaced + leaky_relu_gradient.one_at_zero
function leaky_relu_gradient(x, dy, slope) {
    slope = slope || 0.01;
    return x.map((v, i) => (v >= 0 ? dy[i] : slope * dy[i]));
}

// cross_entropy: cross_entropy.divided_by_classes + cross_entropy.max_missing + cross_entropy.epsilon_in_logarithm
function cross_entropy(logits, labels) {
    let loss = 0;
    logits.forEach((row, i) => {
        const e = row.map(Math.exp);
        loss -= Math.log(e[labels[i]] / e.reduce((a, b) => a + b) + 1e-15) / row.length;
    });
    return loss;
}

// cross_entropy_gradient: cross_entropy_gradient.parentheses_missing + cross_entropy_gradient.max_missing
function cross_entropy_gradient(logits, labels) {
    return logits.map((row, i) => {
        const e = row.map(Math.exp);
        const sum = e.reduce((a, b) => a + b);
        return e.map((v, j) => v / sum - (j === labels[i]) / logits.length);
    });
}
