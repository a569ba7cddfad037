// node runner.js SUBMISSION [MAP]: answers the grader's requests (doc/grading.md) with the functions of a .js file.
"use strict";
const fs = require("fs");
const path = require("path");
const readline = require("readline");
const {answerOf, isClass, isNotWritten, NotThisCase} = require("./calls.js");
const {Loader, place} = require("./load.js");
const {ACTIVATIONS, OUTPUTS, plain, readsAs, isGradientName} = require("./names.js");

function mapping(file, text) {
    const pairs = {};
    for (const match of text.matchAll(/^\s*\/\/\s*assay:\s*(\w+)\s*=\s*([\w$]+)\s*$/gm)) {
        pairs[match[1]] = match[2];
    }
    return file === undefined ? pairs : {...pairs, ...JSON.parse(fs.readFileSync(file, "utf8"))};
}

class Submission {
    constructor(file, map) {
        const loader = new Loader(path.dirname(file));
        const {names, functions} = loader.run(file);
        this.found = {};
        this.notes = loader.notes;
        this.names = names;
        this.own = new Map(Object.entries(functions).filter(([, value]) => typeof value === "function"));
        if (loader.missing.size > 0) {
            this.notes.push(`not installed where submissions run: ${[...loader.missing].join(", ")}`);
        }
        for (const [component, name] of Object.entries(mapping(map, fs.readFileSync(file, "utf8")))) {
            this.take(component, name, functions[name]);
        }
        for (const component of Object.keys(OUTPUTS)) {
            const name = this.found[component] === undefined ? this.nameOf(component) : undefined;
            if (name !== undefined) {
                this.take(component, name, this.own.get(name));
            }
        }
        this.connect();
    }

    // The submission's name for a component: the protocol's, or the shortest that reads as it.
    nameOf(component) {
        const forward = component.replace(/_gradient|_backward/, "");
        const fits = (name) => {
            const value = this.own.get(name);
            if (component !== forward && component !== "network_gradient") {
                return isGradientName(name) || isClass(value) && "backward" in value.prototype;
            }
            const isOptimizer = ["sgd", "momentum", "adam"].includes(component);
            return !isGradientName(name) && (isOptimizer || !isClass(value) || "forward" in value.prototype);
        };
        const names = [...this.own.keys()];
        const exact = names.find((name) => plain(name) === plain(component) && (fits(name) || component !== forward));
        return exact || names.filter((name) => readsAs(name, component) && fits(name))
            .sort((a, b) => a.length - b.length)[0];
    }

    take(component, name, value) {
        if (OUTPUTS[component] === undefined || typeof value !== "function") {
            this.notes.push(`assay: ${component} = ${name}: no such ${OUTPUTS[component] ? "function" : "component"}`);
            return;
        }
        const where = this.names.has(name) ? `line ${this.names.get(name)}` : "exports";
        const kind = isClass(value) ? "class" : "function";
        this.found[component] = {name, kind, where, text: `${kind} ${name}, ${where}`, call: value};
    }

    // Gives components the others that they need.
    connect() {
        for (const name of ACTIVATIONS.filter((activation) => this.found[activation + "_gradient"] !== undefined)) {
            this.found[name + "_gradient"].forward = this.found[name];
        }
        for (const name of ["cross_entropy", "cross_entropy_gradient"].filter((n) => this.found[n] !== undefined)) {
            this.found[name].softmax = this.found.softmax;
        }
    }

    notFound() {
        const used = new Set(Object.values(this.found).map((found) => found.name));
        const free = [...this.own.keys()].filter((name) => !used.has(name));
        const result = {};
        for (const component of Object.keys(OUTPUTS).filter((name) => this.found[name] === undefined)) {
            const near = free.find((name) => distance(plain(name), plain(component)) <= component.length / 4);
            const where = this.names.has(near) ? `line ${this.names.get(near)}` : "exports";
            result[component] = near === undefined ? {} : {nearest: near, where};
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

// --- requests and replies --------------------------------------------------------------------------------------------

const plainNumbers = (value) => ArrayBuffer.isView(value) ? Array.from(value, plainNumbers)
    : Array.isArray(value) ? Array.from(value, plainNumbers) // also what an array has no value for
    : typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

function isSingle(value) {
    return value instanceof Float32Array || (Array.isArray(value) && value.some(isSingle));
}

function answer(submission, request) {
    const found = submission.found[request.call];
    if (found === undefined) {
        return {missing: true};
    }
    try {
        const outputs = answerOf(request.call, found, request.inputs);
        if (Object.values(outputs).every((value) => value === undefined || value === null)) {
            return {missing: true}; // it returns nothing yet
        }
        const numbers = Object.entries(outputs).map(([name, value]) => [name, plainNumbers(value)]);
        const reply = {outputs: Object.fromEntries(numbers)};
        return Object.values(outputs).some(isSingle) ? {...reply, precision: 32} : reply;
    } catch (error) {
        return isNotWritten(error) ? {missing: true}
            : error instanceof NotThisCase ? {missing: true, because: error.message}
            : {error: `${String(error).split("\n")[0]}${place(error)}`};
    }
}

function hello(submission, problem) {
    if (problem === undefined && Object.keys(submission.found).length === 0) {
        problem = ["no component found among its functions: " + [...submission.own.keys()].join(", ").slice(0, 120),
                   ...submission.notes.slice(0, 2)].join("; ");
    }
    if (problem !== undefined) {
        return {error: problem};
    }
    const found = Object.fromEntries(Object.entries(submission.found).map(([component, {name, kind, where, text}]) =>
        [component, {name, kind, where, text}]));
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
    process.on("unhandledRejection", () => {}); // of an asynchronous statement at the top level
    readline.createInterface({input: process.stdin}).on("line", (line) => {
        const request = JSON.parse(line);
        const reply = request.call === "hello" ? hello(submission, problem) : answer(submission, request);
        fs.writeFileSync(1, JSON.stringify({id: request.id, ...reply}) + "\n");
    });
}

main(process.argv[2], process.argv[3]);
