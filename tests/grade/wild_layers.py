"""wild_layers.py REPORT FILE: compares the names in a report with those in the comments of the graded file."""
import json
import re
import sys


def names_of(component):
    found = set()
    for case in component["cases"]:
        if case["verdict"] != "pass":
            found |= {entry["id"] for entry in [case["mistake"], *case["also"]] if entry}
    return found


report = json.load(open(sys.argv[1], encoding="utf-8"))
components = {component["component"]: component for component in report["components"]}
wrong = 0
with open(sys.argv[2], encoding="utf-8") as file:
    wanted = re.findall(r"^(?:#|//) (\w+): (\S+\.\S.*)$", file.read(), re.M)
for component, names in wanted:
    found = names_of(components[component])
    if found != set(names.split(" + ")):
        print(f"{sys.argv[2]}: {component} is called {sorted(found)}, not {names}")
        wrong += 1
sys.exit(1 if wrong or len(wanted) < 2 else 0)
