#!/usr/bin/env python3
"""Writes doc/mistakes.md from golden/mistakes.json: every name with one line. Run it in the source folder."""
import json
import sys

with open("golden/mistakes.json", encoding="utf-8") as file:
    entries = json.load(file)["mistakes"]
lines = ["# What assay grade names", "",
         "Generated from golden/mistakes.json by golden/scripts/mistakes_page.py. Do not edit.", ""]
for component in dict.fromkeys(entry["component"] for entry in entries):
    lines += [f"## {component}", ""]
    for entry in entries:
        if entry["component"] == component:
            kind = "convention: " if entry.get("kind") == "convention" else ""
            lines.append(f"- `{entry['id']}`: {kind}{entry['name']}")
    lines.append("")
text = "\n".join(lines)
if sys.argv[1:] == ["--check"]:
    with open("doc/mistakes.md", encoding="utf-8") as file:
        sys.exit(0 if file.read() == text else "doc/mistakes.md is old: run golden/scripts/mistakes_page.py")
with open("doc/mistakes.md", "w", encoding="utf-8") as file:
    file.write(text)
