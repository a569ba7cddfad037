"""Requests and replies."""
import copy
import json
import os
import re

from . import arrays
from .calls import NotThisCase, Unfit
from .cells import Unusable
from .definitions import Workspace
from .find import CALLS, Finder

MOST_NOTES = 20
PRECISIONS = re.compile(r"dtype|scalar type|Double|Float")  # in PyTorch's messages


def _claim_streams():
    """The replies' stream for us alone: what the submission prints goes to standard error, and it reads nothing."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, replies


class Submission:
    def __init__(self, path, mapping):
        self.problem = None
        try:
            self.workspace = Workspace(path)
            self.finder = Finder(self.workspace, mapping)
        except Unusable as unusable:
            self.problem = str(unusable)
            return
        except Exception as error:
            self.problem = f"assay cannot read its definitions: {type(error).__name__}: {error}".split("\n")[0]
            return
        if not self.finder.found:
            names = ", ".join(sorted(self.finder.own.values()))[:120]
            self.problem = "no component found" + (f" among its definitions: {names}" if names else
                                                   ": it defines no function and no class") + \
                "".join(f"; {note}" for note in self.workspace.notes[:2])

    def hello(self):
        if self.problem is not None:
            return {"error": self.problem}
        found = self.finder.found
        notes = self.workspace.notes[:MOST_NOTES]
        if len(self.workspace.notes) > MOST_NOTES:
            notes.append(f"and {len(self.workspace.notes) - MOST_NOTES} more")
        return {"functions": list(found), "precision": 64,
                "found": {name: {"name": f.name, "kind": f.what, "where": f.where, "text": f.text()}
                          for name, f in found.items()},
                "not_found": self.finder.not_found(), "notes": notes}

    def answer(self, call, inputs):
        found = self.finder.found.get(call)
        if found is None:
            return {"missing": True}
        if found.blank:
            return {"missing": True}
        try:
            outputs = self._outputs(call, found, inputs)
            if all(value is None for value in outputs.values()):
                return {"missing": True}  # the function returns nothing yet
            reply = {"outputs": {name: arrays.plain_numbers(value) for name, value in outputs.items()}}
            json.dumps(reply)
        except NotImplementedError:
            return {"missing": True}
        except NotThisCase as reason:
            return {"missing": True, "because": str(reason)}
        except Unfit as unfit:
            return {"error": str(unfit)}
        except BaseException as error:  # one function's failure, also an exit, is not the others'
            return {"error": self.workspace.explain(error)}
        if arrays.is_single(outputs):
            reply["precision"] = 32
        return reply

    def _outputs(self, call, found, inputs):
        """The outputs. Where an array of one library does not fit, another one that the submission imports is tried."""
        others = [kind for kind in ("torch", "numpy") if kind != found.kind and kind in self.workspace.imported]
        kinds = [found.kind] + ([] if found.asked else others)
        first = None
        for found.kind in kinds:
            try:
                outputs = self._in_its_precision(call, found, inputs)
                found.asked = True
                return outputs
            except (NotImplementedError, NotThisCase, Unfit):
                raise
            except (TypeError, AttributeError, ValueError, RuntimeError) as error:
                first = first or error
        found.kind = kinds[0]
        raise first

    def _in_its_precision(self, call, found, inputs):
        """In double precision, or in single where the submission mixes them: it has x.float(), or float32 weights."""
        if not found.single:
            try:
                return CALLS[call](self.workspace, found, copy.deepcopy(inputs))
            except RuntimeError as error:
                if found.kind != "torch" or not PRECISIONS.search(str(error)):
                    raise
        with arrays.single_precision():
            outputs = CALLS[call](self.workspace, found, copy.deepcopy(inputs))
        found.single = True
        return outputs


def main(path, mapping):
    requests, replies = _claim_streams()
    submission = Submission(path, mapping)
    for line in requests:
        request = json.loads(line)
        if request["call"] == "hello":
            reply = submission.hello()
        else:
            reply = submission.answer(request["call"], request["inputs"])
        replies.write(json.dumps({"id": request["id"], **reply}) + "\n")
        replies.flush()
