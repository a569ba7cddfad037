// Calls the functions and classes of a submission in the forms that they have.
"use strict";
const v8 = require("v8");
const {ACTIVATIONS, OPTIMIZERS, OUTPUTS, plain, means} = require("./names.js");

class NotThisCase extends Error {}

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const isArray = (value) => Array.isArray(value) || ArrayBuffer.isView(value);
const isObject = (value) => value !== null && typeof value === "object" && !isArray(value);
const isClass = (call) => /^class\b/.test(Function.prototype.toString.call(call));
const copy = (value) => v8.deserialize(v8.serialize(value)); // structuredClone is new in Node.js 17
const transposed = (matrix) => matrix[0].map((_, k) => matrix.map((row) => row[k]));
const zeros = (value) => isArray(value) ? Array.from(value, zeros) : 0;

// --- arguments -------------------------------------------------------------------------------------------------------

// The text between the brackets that follow a function's name, or a class's constructor.
function listOf(text) {
    let depth = 0;
    const start = text.indexOf("(");
    for (let i = start; i >= 0 && i < text.length; i++) {
        depth += "([{".includes(text[i]) ? 1 : ")]}".includes(text[i]) ? -1 : 0;
        if (depth === 0) {
            return text.slice(start + 1, i);
        }
    }
    return null;
}

function split(list) {
    const parts = [""];
    let depth = 0;
    for (const letter of list) {
        depth += "([{".includes(letter) ? 1 : ")]}".includes(letter) ? -1 : 0;
        if (letter === "," && depth === 0) {
            parts.push("");
        } else {
            parts[parts.length - 1] += letter;
        }
    }
    return parts.map((part) => part.trim()).filter(Boolean);
}

// The arguments of a function, a method or a class's constructor: {name, optional}, or {keys} of one object.
function argumentsOf(call) {
    let text = Function.prototype.toString.call(call).replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, "");
    if (isClass(call)) {
        const at = text.search(/\bconstructor\s*\(/);
        const parent = Object.getPrototypeOf(call);
        if (at < 0) {
            return parent !== Function.prototype ? argumentsOf(parent) : [];
        }
        text = text.slice(at);
    }
    const single = /^(?:async\s+)?([\w$]+)\s*=>/.exec(text);
    const list = single !== null ? single[1] : listOf(text);
    return split(list || "").map((part) => {
        const [name, ...rest] = part.split("=");
        const inner = part.startsWith("{") ? part.slice(1, part.lastIndexOf("}")) : null;
        const keys = inner === null ? null : split(inner).map((key) => key.split(/[=:]/)[0].trim());
        return keys !== null ? {keys} : {name: name.replace("...", "").trim(), optional: rest.length > 0};
    });
}

const shown = (list) => `(${list.map(({name, keys}) => keys ? `{${keys.join(", ")}}` : name).join(", ")})`;

const PLURALS = {weight: "weights", bias: "biases", parameters: "parameters", gradients: "gradients"};

// The inputs, and numbered ones also as an array: weights, biases, parameters, gradients.
function withLists(inputs) {
    const given = {...inputs};
    for (const [stem, plural] of Object.entries(PLURALS)) {
        const numbered = Object.keys(inputs).filter((name) => new RegExp(`^${stem}\\d+$`).test(name));
        if (numbered.length > 0) {
            given[plural] = numbered.map((name) => inputs[name]);
        }
    }
    return given;
}

// The value for an argument: by the protocol's name, or else by another usual one. `used` are names that are taken.
function valueFor(name, given, used) {
    const known = Object.keys(given).find((what) => plain(what) === plain(name)) ||
        Object.keys(given).find((what) => !used.has(what) && means(name, what));
    used.add(known);
    return known === undefined ? undefined : {value: given[known]};
}

// The arguments of a call by their names; null if one that is needed has no value.
function byNames(list, given) {
    const used = new Set(), values = [];
    for (const {name, keys, optional} of list) {
        if (keys) {
            values.push(Object.fromEntries(keys.map((key) => [key, (valueFor(key, given, used) || {}).value])));
            continue;
        }
        const found = valueFor(name, given, used);
        if (found === undefined && !optional) {
            return null;
        }
        values.push(found && found.value);
    }
    return values;
}

// Arguments by name; one object; or all inputs in the protocol's order.
function argumentsFor(found, inputs) {
    const list = argumentsOf(found.call), values = byNames(list, withLists(inputs));
    if (values !== null && list.length > 0) {
        return values;
    }
    if (found.call.length === Object.keys(inputs).length) {
        return Object.values(inputs);
    }
    if (list.length === 1 && /^(?:args|options|opts|inputs?|params|request)$/i.test(list[0].name)) {
        const both = {};
        for (const [name, value] of Object.entries(inputs)) {
            both[name] = both[camel(name)] = value;
        }
        return [both];
    }
    throw new Error(`${found.name} takes ${shown(list)}; assay gives ${Object.keys(inputs).join(", ")}`);
}

// --- activations -----------------------------------------------------------------------------------------------------

// Applies f to numbers: f of one number to each, f of a vector to all, f of a matrix to one row.
function applied(f, x) {
    let number;
    try {
        number = f(0.5);
    } catch (error) {
        number = undefined;
    }
    if (typeof number === "number") {
        return Array.from(x, (value) => f(value));
    }
    try {
        const result = f(x);
        if (result !== undefined) {
            return result;
        }
    } catch (error) {
        if (!(error instanceof TypeError)) {
            throw error;
        }
        return f([x])[0];
    }
    return undefined;
}

const slopeOf = (inputs) => inputs.slope === undefined ? [] : [inputs.slope];
const OF_OUTPUT = ["y", "a", "out", "output", "activated", "fx"];

function activation(found, inputs) {
    if (isClass(found.call)) {
        return new found.call(...slopeOf(inputs)).forward(copy(inputs.x));
    }
    return applied((x) => found.call(x, ...slopeOf(inputs)), copy(inputs.x));
}

// dx from (x, dy) or (dy, cache); or f'(x), or f' of the output by the argument's name, times dy.
function activationGradient(found, inputs) {
    const {x, dy} = copy(inputs);
    if (isClass(found.call)) {
        const layer = new found.call(...slopeOf(inputs));
        layer.forward(x);
        return layer.backward(dy);
    }
    const list = argumentsOf(found.call).filter(({name, optional}) => !optional && !(inputs.slope !== undefined &&
        means(name, "slope") && argumentsOf(found.call)[0].name !== name));
    const upstream = list.findIndex(({name}) => /^(d|grad|up|delta)/i.test(name));
    const ofOutput = list.some(({name}) => OF_OUTPUT.includes(plain(name)));
    const value = ofOutput && found.forward !== undefined ? activation(found.forward, inputs) : x;
    if (list.length >= 2 && upstream >= 0) {
        const call = (v, d) => found.call(...(upstream === 0 ? [d, v] : [v, d]), ...slopeOf(inputs));
        let one;
        try {
            one = call(0.5, 0.5);
        } catch (error) {
            one = undefined;
        }
        return typeof one === "number" ? Array.from(value, (v, i) => call(v, dy[i])) : call(value, dy);
    }
    if (list.length > 1) {
        throw new Error(`${found.name} takes ${shown(list)}; known are (x), (dy, x) and (x, dy)`);
    }
    const slopes = applied((v) => found.call(v, ...slopeOf(inputs)), value);
    return slopes === undefined ? undefined : Array.from(slopes, (slope, i) => slope * dy[i]);
}

// --- softmax and the loss --------------------------------------------------------------------------------------------

const isMatrix = (value, rows, columns) => isArray(value) && value.length === rows &&
    Array.from(value).every((row) => isArray(row) && row.length === columns && Array.from(row).every(Number.isFinite));

function softmaxOf(found, logits) {
    if (isClass(found.call)) {
        return new found.call().forward(logits);
    }
    try {
        if (isMatrix(found.call([[0, 1], [2, 1], [1, 1]]), 3, 2)) {
            return found.call(logits);
        }
    } catch (error) { /* a function of one row */ }
    const rows = logits.map((row) => found.call(row));
    return rows.every((row) => row === undefined) ? undefined : rows;
}

function usualSoftmax(logits) {
    return logits.map((row) => {
        const e = row.map((z) => Math.exp(z - Math.max(...row)));
        return e.map((value) => value / e.reduce((a, b) => a + b, 0));
    });
}

const OF_PROBABILITIES = ["p", "probs", "probabilities", "yhat", "ypred", "pred", "predictions", "predicted"];

// A cross-entropy (or its gradient) of logits, or of probabilities after the submission's softmax.
function crossEntropy(found, inputs) {
    const list = argumentsOf(found.call);
    const probabilities = list.findIndex(({name}) => name && OF_PROBABILITIES.includes(plain(name)));
    if (isClass(found.call) || probabilities < 0) {
        return found.call(...argumentsFor(found, copy(inputs)));
    }
    const p = found.softmax === undefined ? usualSoftmax(inputs.logits) : softmaxOf(found.softmax, copy(inputs.logits));
    const oneHot = list.some(({name}) => /onehot/.test(plain(name || "")));
    const labels = oneHot ? inputs.labels.map((label) => p[0].map((_, c) => c === label ? 1 : 0)) : inputs.labels;
    return probabilities === 0 ? found.call(p, labels) : found.call(labels, p);
}

// --- initializers ----------------------------------------------------------------------------------------------------

// A list of pairs or of objects, weights and biases in turn, or one object of lists, as {weights, biases}; weights as
// [out][in].
function layersOf(result, sizes) {
    if (isObject(result) || !isArray(result)) {
        return result;
    }
    if (result.length > 1 && isArray(result[0][0]) && !isArray(result[0][0][0]) && !isArray(result[1][0])) {
        const inTurn = result.filter((_, i) => i % 2 === 0).map((weight, l) => [weight, result[2 * l + 1]]);
        return layersOf(inTurn, sizes);
    }
    if (result.length === 2 && isArray(result[0][0]) && isArray(result[0][0][0]) && isArray(result[0][0][0]) &&
        isArray(result[1]) && !isArray(result[1][0][0])) {
        return {weights: result[0], biases: result[1]};
    }
    const pick = (layer, names) => names.map((name) => layer[name]).find((value) => value !== undefined);
    const pairs = result.map((layer) => isArray(layer) ? layer
        : [pick(layer, ["weights", "weight", "W", "w"]), pick(layer, ["bias", "biases", "b"])]);
    const isInOut = (w, l) => w.length === sizes[l] && w[0].length === sizes[l + 1] && sizes[l] !== sizes[l + 1];
    return {
        weights: pairs.map(([w], l) => isInOut(w, l) ? transposed(w) : w),
        biases: pairs.map((pair) => pair[1]),
    };
}

function initializer(found, inputs) {
    const list = argumentsOf(found.call);
    const first = list[0] && list[0].name ? plain(list[0].name) : "";
    const {sizes} = inputs;
    if (!/^(nin|fanin|inputs?|insize|rows|fanout|nout|outputs?)$/.test(first)) {
        const {sizes: given, ...rest} = copy(inputs);
        const usual = byNames(list, {sizes: given, ...rest});
        return layersOf(usual === null ? found.call(given, ...Object.values(rest)) : found.call(...usual), sizes);
    }
    const outFirst = /out/.test(first);
    const pairs = sizes.slice(1).map((out, l) => {
        const made = outFirst ? found.call(out, sizes[l]) : found.call(sizes[l], out);
        const weight = isObject(made) ? made : [made, new Array(out).fill(0)];
        return weight;
    });
    return layersOf(pairs, sizes);
}

// --- optimizers ------------------------------------------------------------------------------------------------------

const METHODS = ["step", "update", "updateParams", "updateParameters", "apply", "optimize"];
const VALUES = {sgd: ["learning_rate"], momentum: ["learning_rate", "momentum"],
                adam: ["learning_rate", "beta1", "beta2", "epsilon"]};
const USUAL = {beta1: 0.9, beta2: 0.999, epsilon: 1e-8};
const HOLDS = /^(params|parameters|weights|tensors|variables)$/;

// Arguments of a constructor or a function for these values; the others must have the tutorial's numbers.
function valuesFor(found, list, values, elsewhere) {
    const used = new Set(), result = [];
    for (const {name, keys, optional} of list) {
        if (keys) {
            const object = {};
            for (const key of keys) {
                const value = valueFor(key, values, used);
                if (value !== undefined) {
                    object[key] = value.value;
                }
            }
            result.push(object);
            continue;
        }
        const value = valueFor(name, values, used);
        if (value === undefined && !optional) {
            throw new Error(`${found.name} takes ${shown(list)}; assay has no value for ${name}, it gives the ` +
                `parameters, ${Object.keys(values).join(", ")}`);
        }
        result.push(value && value.value);
    }
    const unset = Object.keys(values).filter((name) => !used.has(name) && !elsewhere.includes(name) &&
        values[name] !== USUAL[name]);
    if (unset.some((name) => USUAL[name] === undefined)) {
        throw new Error(`${found.name} takes ${shown(list)}: no argument for ${unset.join(", ")}, which this case ` +
            "needs");
    }
    if (unset.length > 0) {
        throw new NotThisCase(`${found.name} has no argument for ${unset.join(", ")}: cases with other values are ` +
            "left out");
    }
    return result;
}

// A class: one object for all tensors, or one for each. step(gradients) gives the new tensors.
function classRule(found, values, tensors, each) {
    const list = argumentsOf(found.call);
    const holds = list.length > 0 && list[0].name !== undefined && HOLDS.test(plain(list[0].name));
    const rest = valuesFor(found, holds ? list.slice(1) : list, values, []);
    const groups = each ? tensors : [tensors];
    const objects = groups.map((group) => holds ? new found.call(group, ...rest) : new found.call(...rest));
    const method = METHODS.find((name) => typeof objects[0][name] === "function");
    if (method === undefined) {
        throw new Error(`class ${found.name} has none of the methods ${METHODS.join(", ")}`);
    }
    return (gradients) => {
        const given = each ? gradients : [gradients];
        groups.forEach((group, k) => {
            const returned = objects[k][method].length >= 2 || !holds ? objects[k][method](group, given[k])
                : objects[k][method](given[k]);
            groups[k] = isArray(returned) ? returned : group;
        });
        return each ? groups : groups[0];
    };
}

const STATE = /^(m|v|s|velocity|moment\d?|cache|state|prev|first|second|firstmoment|secondmoment)$/;

// A function of one tensor (or of all), its gradient, its state and numbers. It returns the tensor, alone or with the
// state.
function functionRule(found, values, tensors, each) {
    const list = argumentsOf(found.call);
    const groups = each ? tensors : [tensors];
    const names = list.map(({name}) => plain(name || ""));
    const isStep = (name) => /^(t|step|iteration|iter)$/.test(name);
    const start = (group) => new Map(names.slice(2).filter((name) => STATE.test(name))
        .map((name) => [name, name === "state" ? {m: zeros(group), v: zeros(group), t: 0} : zeros(group)]));
    const states = groups.map(start);
    const numbers = list.slice(2).filter(({name}) => !name || !STATE.test(plain(name)) && !isStep(plain(name)));
    const passed = valuesFor(found, numbers, values, []);
    let count = 0;
    return (gradients) => {
        count += 1;
        (each ? gradients : [gradients]).forEach((gradient, k) => {
            const rest = list.slice(2).map((argument) => numbers.includes(argument) ? passed[numbers.indexOf(argument)]
                : isStep(plain(argument.name)) ? count : states[k].get(plain(argument.name)));
            let returned = found.call(groups[k], gradient, ...rest);
            if (isObject(returned)) {
                for (const [name, value] of Object.entries(returned).filter(([key]) => states[k].has(plain(key)))) {
                    states[k].set(plain(name), value);
                }
                const isNew = ([key, value]) => !states[k].has(plain(key)) && isArray(value);
                returned = (Object.entries(returned).find(isNew) || [])[1];
            } else if (isArray(returned) && states[k].size > 0 && returned.length === states[k].size + 1 &&
                isArray(returned[0])) {
                [...states[k].keys()].forEach((name, i) => states[k].set(name, returned[i + 1]));
                returned = returned[0];
            }
            groups[k] = returned === undefined ? groups[k] : returned;
        });
        return each ? groups : groups[0];
    };
}

function optimize(component, found, inputs) {
    const values = Object.fromEntries(VALUES[component].map((name) => [name, inputs[name]]));
    const make = isClass(found.call) ? classRule : functionRule;
    let problem, odd;
    for (const each of [false, true]) {
        try {
            const start = copy([inputs.parameters0, inputs.parameters1]);
            const step = make(found, values, copy(start), each);
            const updated = [[], []];
            inputs.gradients0.forEach((gradient, s) => {
                const now = step(copy([gradient, inputs.gradients1[s]]));
                updated.forEach((rows, k) => rows.push(copy(now[k])));
            });
            const isTensor = (row, k) => isArray(row) && row.length === start[k].length &&
                Array.from(row).every((value) => typeof value === "number" && !Number.isNaN(value));
            if (updated.every((rows, k) => rows.every((row) => isTensor(row, k)))) {
                return updated;
            }
            odd = odd || updated;
        } catch (error) {
            if (error instanceof NotThisCase || isNotWritten(error)) {
                throw error;
            }
            problem = problem || error;
        }
    }
    if (odd === undefined) {
        throw problem;
    }
    return odd;
}

// --- outputs ---------------------------------------------------------------------------------------------------------

// A body of the blank starter, or of one like it.
const isNotWritten = (error) => /^(not (yet )?implemented|todo)/i.test(String(error && error.message));

function outputsOf(component, result) {
    const names = OUTPUTS[component];
    if (names.length === 1) {
        const own = isObject(result) ? result[names[0]] || result[camel(names[0])] : undefined;
        return {[names[0]]: own === undefined ? result : own};
    }
    const outputs = isArray(result) ? Object.fromEntries(names.map((name, i) => [name, result[i]])) : {...result};
    for (const name of names.filter((n) => outputs[n] === undefined)) {
        outputs[name] = outputs[camel(name)] || outputs[name.replace("d", "grad")];
    }
    for (const name of ["weight", "bias", "dweight", "dbias"]) {
        const list = name.endsWith("bias") ? name + "es" : name + "s";
        (outputs[list] || []).forEach((value, i) => { outputs[name + i] = value; });
        delete outputs[list];
    }
    return outputs;
}

function linear(component, found, inputs) {
    if (!isClass(found.call)) {
        return found.call(...argumentsFor(found, copy(inputs)));
    }
    const {x, weight, bias, dy} = copy(inputs);
    const layer = new found.call(weight[0].length, weight.length);
    const w = ["weights", "weight", "W", "w"].find((key) => key in layer);
    const b = ["bias", "biases", "b"].find((key) => key in layer);
    if (w === undefined || b === undefined) {
        throw new Error(`class ${found.name} has no properties weights and bias`);
    }
    const inOut = new found.call(2, 3)[w].length === 2;
    layer[w] = inOut ? transposed(weight) : weight;
    layer[b] = bias === undefined ? new Array(weight.length).fill(0) : bias;
    const y = layer.forward(x);
    if (component === "linear_forward") {
        return y;
    }
    const dx = layer.backward(dy);
    const kept = (name) => ["d" + name, "d" + name[0].toUpperCase() + name.slice(1), "grad" + name[0].toUpperCase() +
        name.slice(1)].map((key) => layer[key]).find((value) => value !== undefined);
    return isArray(dx) && kept(w) !== undefined ? [dx, inOut ? transposed(kept(w)) : kept(w), kept(b)] : dx;
}

// A surface's loss and its gradient; a function of two numbers is called for each point.
function surface(found, inputs) {
    const given = copy(inputs);
    let one;
    try {
        one = found.call(...argumentsFor(found, {w1: 0.5, w2: 0.5}));
    } catch (error) {
        one = undefined; // of arrays
    }
    const first = Array.isArray(one) ? one[0] : isObject(one) ? one.loss : one;
    if (typeof first !== "number" || Number.isNaN(first)) {
        return found.call(...argumentsFor(found, given));
    }
    const points = given.w1.map((w1, i) => found.call(...argumentsFor(found, {w1, w2: given.w2[i]})));
    const at = (k, name) => points.map((point) => Array.isArray(point) ? point[k] : point[name]);
    return isObject(one) || Array.isArray(one) ? [at(0, "loss"), at(1, "dw1"), at(2, "dw2")] : [points];
}

function result(component, found, inputs) {
    if (OPTIMIZERS.includes(component)) {
        const list = argumentsOf(found.call).flatMap(({name, keys}) => keys || [name]).map(plain);
        return isClass(found.call) || !list.includes("gradients0") && found.call.length !== Object.keys(inputs).length
            ? optimize(component, found, inputs) : found.call(...argumentsFor(found, copy(inputs)));
    }
    if (ACTIVATIONS.includes(component)) {
        return activation(found, inputs);
    }
    if (ACTIVATIONS.includes(component.replace("_gradient", ""))) {
        return activationGradient(found, inputs);
    }
    if (component.startsWith("init_")) {
        return initializer(found, inputs);
    }
    if (component === "softmax") {
        return softmaxOf(found, copy(inputs.logits));
    }
    if (OUTPUTS[component].includes("dw1")) {
        return surface(found, inputs);
    }
    if (component.startsWith("linear_")) {
        return linear(component, found, inputs);
    }
    return component.startsWith("cross_entropy") ? crossEntropy(found, inputs)
        : found.call(...argumentsFor(found, copy(inputs)));
}

const answerOf = (component, found, inputs) => outputsOf(component, result(component, found, inputs));

module.exports = {answerOf, isClass, isNotWritten, NotThisCase};
