// What submissions call the components, and their arguments. Names are compared without underscores and capitals.
"use strict";

const ACTIVATIONS = ["identity", "tanh", "relu", "sigmoid", "leaky_relu"];
const OPTIMIZERS = ["sgd", "momentum", "adam"];
const SURFACE = ["loss", "dw1", "dw2"];
const STEPS = ["updated0", "updated1"];

// Each component's outputs, in the protocol's order. Those of a network are lists.
const OUTPUTS = {
    linear_forward: ["y"], linear_backward: ["dx", "dweight", "dbias"], softmax: ["probabilities"],
    cross_entropy: ["loss"], cross_entropy_gradient: ["dlogits"], init_constant: ["weights", "biases"],
    init_normal: ["weights", "biases"], init_fan_in: ["weights", "biases"], init_xavier: ["weights", "biases"],
    init_kaiming: ["weights", "biases"], sgd: STEPS, momentum: STEPS, adam: STEPS,
    network_gradient: ["loss", "dweights", "dbiases"], training: ["losses", "weights", "biases"],
    pathological_curve: SURFACE, steep_optima: SURFACE,
};

// A component's own words, and the words that may be around them and say nothing more.
const ANYWHERE = "my|own|custom|simple|plain|vanilla|basic|stable|compute|calc|calculate|fn|func|function|the|batch";
const INIT = "init|initiali[sz]e|initiali[sz]ation|initiali[sz]er|weights?|biases|parameters?|params?|layers?|" +
    "network|uniform|normal|by|with";
const STEP = "optimi[sz]er|optim|update|step|rule|weights?|parameters?|params?|with|apply|stochastic";
const LAYER = "layer|forward|pass|activation|module|op";
const BACK = "gradient|grad|backward|back|prime|derivative|deriv|pass|layer|of|d|activation";
const WORDS = {
    linear_forward: ["linear|affine|dense|fullyconnected", "layer|forward|pass"],
    linear_backward: ["linear|affine|dense|fullyconnected", "layer|backward|back|pass|grad|gradient"],
    softmax: ["softmax", "layer|forward|activation|rows?"],
    cross_entropy: ["crossentropy|softmaxcrossentropy|softmaxloss", "loss|forward|with|logits|categorical|mean"],
    cross_entropy_gradient: ["crossentropy|softmaxcrossentropy|softmaxloss", BACK + "|loss|with|logits|categorical"],
    init_constant: ["const|constant", INIT], init_normal: ["var|normal|gaussian|random", "init|weights?|initiali[sz]e"],
    init_fan_in: ["equalvar|equalvariance|fanin|lecun", INIT], init_xavier: ["xavier|glorot", INIT],
    init_kaiming: ["kaiming|he", INIT], sgd: ["sgd|gradientdescent", STEP],
    momentum: ["momentum|sgdm", STEP + "|sgd|gradient|descent"], adam: ["adam", STEP],
    network_gradient: ["networkgradient|networkgradients", ""], training: ["training", ""],
    pathological_curve: ["pathological", "curve|loss|curvature|surface"],
    steep_optima: ["steepoptima|comb|combined", "loss|surface|func|function"],
};
for (const name of ACTIVATIONS) {
    OUTPUTS[name] = ["y"];
    OUTPUTS[name + "_gradient"] = ["dx"];
    WORDS[name] = [plain(name), LAYER];
    WORDS[name + "_gradient"] = [plain(name), BACK];
}
const PATTERNS = Object.fromEntries(Object.entries(WORDS).map(([name, [core, around]]) => {
    const words = `(?:${ANYWHERE}${around && "|" + around})*`;
    return [name, new RegExp(`^${words}(?:${core})${words}$`)];
}));

// What arguments may be called beside the protocol's names.
const ARGUMENTS = {
    x: ["input", "inputs", "z", "xs", "v", "values", "aprev"], weight: ["w", "weights", "wt"], bias: ["b", "biases"],
    dy: ["dout", "grad", "upstream", "dz", "da", "gradoutput", "gradient", "delta"],
    slope: ["alpha", "a", "leak", "negativeslope"], logits: ["z", "scores", "x", "rows", "input"],
    labels: ["y", "targets", "target", "ytrue", "classes"],
    sizes: ["layersizes", "layerdims", "layersdims", "dims", "layers"],
    fill: ["value", "c", "constant", "val"], std: ["sigma", "stddev"], seed: ["rng"],
    learning_rate: ["lr", "alpha", "eta", "rate", "stepsize"], momentum: ["beta", "mu", "beta1", "gamma"],
    beta1: ["b1"], beta2: ["b2"], epsilon: ["eps"], parameters: ["params", "weights"], w1: ["x", "a"], w2: ["y", "b"],
};

function plain(name) {
    return name.replace(/[_$]/g, "").toLowerCase();
}

const means = (argument, what) => plain(argument) === plain(what) || (ARGUMENTS[what] || []).includes(plain(argument));
const readsAs = (name, component) => PATTERNS[component].test(plain(name));
const isGradientName = (name) => /backward|grad(?!ientdesc)|prime|deriv/i.test(name) || /^d[A-Z_]/.test(name);

module.exports = {ACTIVATIONS, OPTIMIZERS, OUTPUTS, plain, means, readsAs, isGradientName};
