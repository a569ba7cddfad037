// node runner.js SUBMISSION [MAP]: answers the grader's requests (doc/grading.md) with the functions of a .js file.
// The file is run as a script. Its functions are found by the protocol's names, in snake_case or camelCase.
"use strict";
const fs = require("fs");
const path = require("path");
const readline = require("readline");
const vm = require("vm");

const ACTIVATIONS = ["identity", "tanh", "relu", "sigmoid", "leaky_relu"];
const SURFACE = ["loss", "dw1", "dw2"];
const STEPS = ["updated0", "updated1"];

// Each component's outputs, in the protocol's order. An empty list: they depend on the sizes.
const OUTPUTS = {
    linear_forward: ["y"], linear_backward: ["dx", "dweight", "dbias"], softmax: ["probabilities"],
    cross_entropy: ["loss"], cross_entropy_gradient: ["dlogits"], init_constant: [], init_normal: [], init_fan_in: [],
    init_xavier: [], init_kaiming: [], sgd: STEPS, momentum: STEPS, adam: STEPS, network_gradient: [], training: [],
    pathological_curve: SURFACE, steep_optima: SURFACE,
};
for (const name of ACTIVATIONS) {
    OUTPUTS[name] = ["y"];
    OUTPUTS[name + "_gradient"] = ["dx"];
}

// Other usual names: the tutorial's.
const VARIANTS = {
    init_constant: ["const_init"], init_normal: ["var_init"], init_fan_in: ["equal_var_init"],
    init_xavier: ["xavier_init", "glorot_init"], init_kaiming: ["kaiming_init", "he_init"], momentum: ["sgd_momentum"],
    pathological_curve: ["pathological_curve_loss"], steep_optima: ["comb_func"],
};
for (const name of ACTIVATIONS) {
    VARIANTS[name + "_gradient"] = [name + "_backward", name + "_derivative", name + "_prime"];
}

const plain = (name) => name.replace(/_/g, "").toLowerCase();
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

// The names that a script defines at its top level or elsewhere; what is no function there is passed over later.
function definedNames(text) {
    const names = new Map();
    const definition = /(?:\bfunction\s*\*?|\bclass|\bconst|\blet|\bvar)\s+([A-Za-z_$][\w$]*)/g;
    for (let match; (match = definition.exec(text)) !== null;) {
        names.set(match[1], text.slice(0, match.index).split("\n").length);
    }
    return names;
}

function load(file) {
    const text = fs.readFileSync(file, "utf8")
        .replace(/^(\s*)export\s+(default\s+)?(?=function|class|const|let|var|async)/gm, "$1")
        .replace(/^\s*export\s*\{[^}]*\}\s*;?/gm, "");
    const names = definedNames(text);
    const module = {exports: {}};
    const ask = [...names.keys()].map((name) => `${name}: typeof ${name} === "function" ? ${name} : undefined`);
    const source = `(function (exports, require, module, console) {${text}\n;return {${ask.join(", ")}};\n})`;
    const say = (...words) => process.stderr.write(words.join(" ") + "\n");
    const quiet = {log: say, error: say, warn: say, info: say, debug: say};
    const found = vm.runInThisContext(source, {filename: path.basename(file)})(module.exports, require, module, quiet);
    return {names, functions: {...found, ...module.exports}};
}

function mapping(file, text) {
    const pairs = {};
    for (const match of text.matchAll(/^\s*\/\/\s*assay:\s*(\w+)\s*=\s*([\w$]+)\s*$/gm)) {
        pairs[match[1]] = match[2];
    }
    return file === undefined ? pairs : {...pairs, ...JSON.parse(fs.readFileSync(file, "utf8"))};
}

class Submission {
    constructor(file, map) {
        const {names, functions} = load(file);
        this.found = {};
        this.notes = [];
        this.own = new Map();
        for (const [name, value] of Object.entries(functions)) {
            if (typeof value === "function") {
                this.own.set(plain(name), name);
            }
        }
        for (const [component, name] of Object.entries(mapping(map, fs.readFileSync(file, "utf8")))) {
            this.take(component, name, functions[name], names);
        }
        for (const component of Object.keys(OUTPUTS)) {
            for (const variant of [component, ...(VARIANTS[component] || [])]) {
                const name = this.own.get(plain(variant));
                if (this.found[component] === undefined && name !== undefined) {
                    this.take(component, name, functions[name], names);
                }
            }
        }
    }

    take(component, name, value, names) {
        if (OUTPUTS[component] === undefined || typeof value !== "function") {
            this.notes.push(`assay: ${component} = ${name}: no such ${OUTPUTS[component] ? "function" : "component"}`);
            return;
        }
        const where = names.has(name) ? `line ${names.get(name)}` : "exports";
        this.found[component] = {name, kind: "function", where, text: `function ${name}, ${where}`, call: value};
    }

    notFound() {
        const used = new Set(Object.values(this.found).map((found) => plain(found.name)));
        const free = [...this.own.keys()].filter((name) => !used.has(name));
        const result = {};
        for (const component of Object.keys(OUTPUTS).filter((name) => this.found[name] === undefined)) {
            const near = free.find((name) => distance(name, plain(component)) <= component.length / 4);
            result[component] = near === undefined ? {} : {nearest: this.own.get(near), where: ""};
        }
        return result;
    }
}

// Levenshtein's distance: letters to change, leave out or put in.
function distance(a, b) {
    let row = [...b, ""].map((_, j) => j);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
        }
        row = next;
    }
    return row[b.length];
}

// --- calls -----------------------------------------------------------------------------------------------------------

// The names of a function's arguments, or null if they are not plain names.
function argumentNames(call) {
    const text = call.toString().replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, "");
    const single = /^(?:async\s+)?([\w$]+)\s*=>/.exec(text);
    if (single !== null) {
        return [single[1]];
    }
    const list = /^[^(]*\(([^)]*)\)/.exec(text);
    const names = list === null ? null : list[1].split(",").map((name) => name.split("=")[0].trim()).filter(Boolean);
    return names !== null && names.every((name) => /^[\w$]+$/.test(name)) ? names : null;
}

// Arguments by name where all have a name of the protocol; one object; or all inputs in the protocol's order.
function argumentsFor(found, inputs) {
    const given = new Map(Object.entries(inputs).map(([name, value]) => [plain(name), value]));
    const names = argumentNames(found.call);
    if (names !== null && names.every((name) => given.has(plain(name)))) {
        return names.map((name) => given.get(plain(name)));
    }
    if (found.call.length === Object.keys(inputs).length) {
        return Object.values(inputs);
    }
    if (names === null || names.length === 1) {
        const both = {};
        for (const [name, value] of Object.entries(inputs)) {
            both[name] = both[camel(name)] = value;
        }
        return [both];
    }
    throw new Error(`${found.name} takes (${names.join(", ")}); assay gives ${Object.keys(inputs).join(", ")}`);
}

function outputsOf(component, result) {
    const names = OUTPUTS[component];
    if (names.length === 1) {
        const isObject = result !== null && typeof result === "object" && !Array.isArray(result);
        const own = isObject ? result[names[0]] : undefined;
        return {[names[0]]: own === undefined ? result : own};
    }
    if (Array.isArray(result) && names.length > 0) {
        return Object.fromEntries(names.map((name, i) => [name, result[i]]));
    }
    const outputs = {...result};
    for (const name of ["weight", "bias", "dweight", "dbias"]) {
        const list = name.endsWith("bias") ? name + "es" : name + "s";
        (outputs[list] || []).forEach((value, i) => { outputs[name + i] = value; });
    }
    for (const name of names.filter((n) => outputs[n] === undefined)) {
        outputs[name] = outputs[camel(name)];
    }
    return outputs;
}

const plainNumbers = (value) => ArrayBuffer.isView(value) ? Array.from(value)
    : Array.isArray(value) ? value.map(plainNumbers)
    : typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

function isSingle(value) {
    return value instanceof Float32Array || (Array.isArray(value) && value.some(isSingle));
}

// A function of one number is applied to each.
function callOne(component, found, inputs) {
    const values = argumentsFor(found, structuredClone(inputs));
    if (!ACTIVATIONS.includes(component.replace("_gradient", ""))) {
        return found.call(...values);
    }
    let whole;
    try {
        whole = found.call(...values);
    } catch (error) {
        whole = undefined;
    }
    const isArray = (value) => Array.isArray(value) || ArrayBuffer.isView(value);
    if (isArray(whole) || (whole !== null && typeof whole === "object")) {
        return whole;
    }
    return inputs.x.map((_, i) => found.call(...values.map((value) => isArray(value) ? value[i] : value)));
}

function place(error) {
    const match = /(submission\.js|[\w.-]+\.js):(\d+)/.exec(String(error && error.stack));
    return match === null || match[1] === "runner.js" ? "" : ` (line ${match[2]})`;
}

function answer(submission, request) {
    const found = submission.found[request.call];
    if (found === undefined) {
        return {missing: true};
    }
    try {
        const outputs = outputsOf(request.call, callOne(request.call, found, request.inputs));
        const reply = {outputs: plainOutputs(outputs)};
        return Object.values(outputs).some(isSingle) ? {...reply, precision: 32} : reply;
    } catch (error) {
        return {error: `${error}${place(error)}`};
    }
}

function plainOutputs(outputs) {
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, plainNumbers(value)]));
}

function hello(submission, problem) {
    if (problem === undefined && Object.keys(submission.found).length === 0) {
        problem = "no component found among its functions: " + [...submission.own.values()].join(", ").slice(0, 120);
    }
    if (problem !== undefined) {
        return {error: problem};
    }
    const found = Object.fromEntries(Object.entries(submission.found).map(([name, {call, ...rest}]) => [name, rest]));
    const {notes} = submission;
    return {functions: Object.keys(found), precision: 64, found, not_found: submission.notFound(), notes};
}

function main(file, map) {
    let submission, problem;
    try {
        submission = new Submission(file, map);
    } catch (error) {
        problem = `the file cannot be run: ${String(error).split("\n")[0]}${place(error)}`;
    }
    readline.createInterface({input: process.stdin}).on("line", (line) => {
        const request = JSON.parse(line);
        const reply = request.call === "hello" ? hello(submission, problem) : answer(submission, request);
        fs.writeFileSync(1, JSON.stringify({id: request.id, ...reply}) + "\n");
    });
}

main(process.argv[2], process.argv[3]);
