// Runs a JavaScript file: a script, a CommonJS module, or an ES module, whose imports and exports become calls here.
"use strict";
const fs = require("fs");
const {isBuiltin} = require("module");
const path = require("path");
const vm = require("vm");

const MOST_MS = 4000; // for what is at the top level: a training loop is stopped, and what it defined counts

const blank = (text) => text.replace(/[^\n]/g, ""); // lines keep their numbers

function imported(all, first, star, list, from) {
    const call = `__import(${JSON.stringify(from)})`;
    const parts = [];
    if (first) {
        parts.push(`${first} = __default(${call})`);
    }
    if (star) {
        parts.push(`${star} = ${call}`);
    }
    if (list !== undefined) {
        parts.push(`{${list.replace(/(\bdefault)?\s+as\s+/g, (_, d) => `${d || ""}: `)}} = ${call}`);
    }
    return `const ${parts.join(", ").replace(/\n/g, " ")};${blank(all)}`;
}

// An ES module as a script. `exported` gets the names that it exports under others.
function withoutModules(text, exported) {
    const names = String.raw`(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)\s*|\{([^}]*)\}\s*)?`;
    const from = String.raw`from\s*["']([^"'\n]+)["'](?:\s*(?:with|assert)\s*\{[^}]*\})?[ \t]*;?`;
    return text
        .replace(/^#!/, "//")
        .replace(new RegExp(String.raw`^[ \t]*import\s+${names}${from}`, "gm"), imported)
        .replace(/^[ \t]*import\s*["'][^"'\n]+["'][ \t]*;?/gm, blank)
        .replace(new RegExp(String.raw`^[ \t]*export\s*(?:\*[^;\n]*?|\{[^}]*\}\s*)${from}`, "gm"), blank)
        .replace(/^[ \t]*export\s*\{([^}]*)\}[ \t]*;?/gm, (all, list) => {
            for (const [, name, other] of list.matchAll(/([\w$]+)\s+as\s+([\w$]+)/g)) {
                exported.set(other, name);
            }
            return blank(all);
        })
        .replace(/^([ \t]*)export\s+default\s+(?=(?:async\s+)?(?:function\s*\*?|class)\s+[\w$])/gm, "$1")
        .replace(/^([ \t]*)export\s+default\s+/gm, "$1const __exported = ")
        .replace(/^([ \t]*)export\s+(?=function|class|const|let|var|async)/gm, "$1")
        .replace(/\bimport\.meta\b/g, "({url: 'file:///submission/submission.js', dirname: '/submission'})");
}

// The names that a text defines, at its top level or elsewhere, with their lines; the last definition of each.
function definedNames(text) {
    const names = new Map();
    const definition = /(?:\bfunction\s*\*?|\bclass|\bconst|\blet|\bvar)\s+([A-Za-z_$][\w$]*)/g;
    for (let match; (match = definition.exec(text)) !== null;) {
        names.set(match[1], text.slice(0, match.index).split("\n").length);
    }
    return names;
}

// Takes the place of a package that is not installed: its names can be read, and calls fail.
function missing(name) {
    const fail = () => { throw new Error(`${name} is not installed where submissions run`); };
    return new Proxy(function () {}, {
        get: (_, key) => typeof key === "symbol" ? undefined : missing(name), apply: fail, construct: fail,
    });
}

class Loader {
    constructor(folder) {
        this.folder = folder;
        this.modules = new Map();
        this.missing = new Set();
        this.notes = [];
    }

    // What require(name) and import ... from "name" give.
    module(name, folder) {
        if (isBuiltin(name)) {
            return require(name);
        }
        if (!name.startsWith(".")) {
            this.missing.add(name);
            return missing(name);
        }
        const file = ["", ".js", ".mjs", ".cjs", ".json", "/index.js"].map((ending) => path.join(folder, name + ending))
            .find((candidate) => fs.existsSync(candidate) && fs.statSync(candidate).isFile());
        if (file === undefined) {
            this.missing.add(name);
            return missing(name);
        }
        if (!this.modules.has(file)) {
            this.modules.set(file, {});
            this.modules.set(file, file.endsWith(".json") ? JSON.parse(fs.readFileSync(file, "utf8"))
                : this.run(file).functions);
        }
        return this.modules.get(file);
    }

    // The functions and classes of a file, by name, and the lines of all names.
    run(file) {
        const exported = new Map();
        const text = withoutModules(fs.readFileSync(file, "utf8"), exported);
        const names = definedNames(text), module = {exports: {}};
        const say = (...words) => process.stderr.write(words.map(String).join(" ") + "\n");
        const quiet = new Proxy({}, {get: () => say});
        const get = (name) => `${name}: () => typeof ${name} === "undefined" ? undefined : ${name}`;
        const ask = [...names.keys()].map(get);
        let known = {};
        const load = (name) => this.module(name, path.dirname(file));
        const around = {exports: module.exports, require: load, module, console: quiet, __import: load,
                        __default: (made) => made.default === undefined ? made.__exported || made : made.default,
                        __filename: file, __dirname: path.dirname(file), __see: (getters) => { known = getters; }};
        const compiled = compile(text, `{__see({${ask.join(", ")}});`, Object.keys(around), path.basename(file));
        try {
            globalThis.__run = () => compiled(...Object.values(around));
            const result = vm.runInThisContext("__run()", {timeout: MOST_MS});
            Promise.resolve(result).catch(() => {});
        } catch (error) {
            this.notes.push(`the file stops${place(error)}: ${String(error).split("\n")[0]}; what is defined counts`);
        }
        return {names, functions: collected(known, module.exports, exported)};
    }
}

function collected(known, exports, exported) {
    const functions = {};
    for (const [name, get] of Object.entries(known)) {
        try {
            functions[name] = get();
        } catch (error) { /* never reached: it was not defined before the file stopped */ }
    }
    for (const [other, name] of exported) {
        functions[other] = functions[name];
    }
    return {...functions, ...(typeof exports === "function" ? {[exports.name]: exports} : exports)};
}

// A function of what is around the file; an asynchronous one where the file awaits at its top level.
function compile(text, first, names, filename) {
    const body = `function (${names.join(", ")}) {${first}${text}\n}`;
    const make = (kind) => vm.runInThisContext(`(${kind} ${body}})`, {filename});
    try {
        return make("");
    } catch (error) {
        if (!/\bawait\b/.test(text)) {
            throw error;
        }
        return make("async");
    }
}

function place(error) {
    const match = /[\w.-]+\.[mc]?js:(\d+)/.exec(String(error && error.stack).replace(/\S*runner[\w/]*\.js:\d+/g, "")
        .replace(/\S*\/(?:load|calls|runner|names)\.js:\d+/g, ""));
    return match === null ? "" : ` (line ${match[1]})`;
}

module.exports = {Loader, place};
