"""Runs Python blocks one after the other, in one namespace: a program that is told them on stdin, as JSON.

A statement may say in a comment what comes of it: `result.get()  # => 5`,
`task.delay()  # raises TypeError: ...`; `...` stands for anything.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import traceback
from typing import Any

_EXPECTED = re.compile(r"  # (?P<kind>=>|raises) (?P<text>.*)$")


def matches(expected: str, found: str) -> bool:
    """Return whether a text is the expected one, in which `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in expected.split("..."))
    return re.fullmatch(pattern, found, re.DOTALL) is not None


def run(code: str, name: str, line: int, names: dict[str, Any]) -> None:
    """Run a block as if it began at that line of the document."""
    tree = ast.parse(code, name)
    ast.increment_lineno(tree, line - 1)
    lines = code.splitlines()
    for statement in tree.body:
        assert statement.end_lineno is not None
        said = _EXPECTED.search(lines[statement.end_lineno - line])
        try:
            value = _value(statement, name, names)
        except Exception as error:
            shown = f"{type(error).__name__}: {error}"
            if said is None or said["kind"] != "raises" or not matches(said["text"], shown):
                raise
            continue
        if said is not None:
            shown = f"=> {value!r}"
            wanted = f"{said['kind']} {said['text']}"
            assert matches(wanted, shown), f"{name}:{statement.lineno}: {wanted!r}, found {shown!r}"


def _value(statement: ast.stmt, name: str, names: dict[str, Any]) -> Any:
    if isinstance(statement, ast.Expr):
        return eval(compile(ast.Expression(statement.value), name, "eval"), names)
    exec(compile(ast.Module([statement], []), name, "exec"), names)
    return None


def main() -> None:
    """Run what stdin says until it ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What the blocks print goes where their errors go.
    os.dup2(2, 1)
    sys.path[0] = os.getcwd()
    names: dict[str, Any] = {"__name__": "__main__"}
    for request in sys.stdin:
        failure = None
        try:
            run(*json.loads(request), names)
        except Exception:
            failure = traceback.format_exc()
        replies.write(json.dumps(failure) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
