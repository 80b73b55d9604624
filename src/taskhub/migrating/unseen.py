"""What cannot be seen without running the program."""

from __future__ import annotations

import ast
from typing import Final

from taskhub.migrating.finding import Finding, Findings, Level
from taskhub.migrating.module import APP, Module, literal

__all__ = ("rule",)

_IMPORTERS: Final = frozenset(
    {"importlib.import_module", "import_module", "__import__", "importlib.__import__"}
)
_RUNNERS: Final = frozenset({"exec", "eval"})


def rule(module: Module) -> Findings:
    """Find imports and attributes that are named at run time."""
    for path, line in module.stars:
        if path.partition(".")[0] in ("celery", "kombu"):
            yield Finding(
                Level.UNSEEN,
                f"from {path} import *",
                "which names of it are used cannot be seen",
                "import the names that are used",
                module.path,
                line,
            )
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield from _call(node, module)


def _call(node: ast.Call, module: Module) -> Findings:
    function = module.resolve(node.func) or ast.unparse(node.func)
    if function in _IMPORTERS and node.args:
        name = literal(node.args[0])
        if isinstance(name, str):
            if name.partition(".")[0] in ("celery", "kombu", "billiard"):
                yield _finding(
                    module,
                    node,
                    f"import of {name} at run time",
                    "what is taken from it cannot be seen",
                )
        else:
            yield _finding(
                module, node, "imports at run time", "the name of the module is computed"
            )
    elif function in _RUNNERS and module.uses("celery"):
        yield _finding(module, node, function, "code made at run time may use Celery")
    elif function in ("getattr", "setattr", "hasattr", "operator.attrgetter") and node.args:
        found = module.resolve(node.args[0])
        if found is not None and (found == APP or found.partition(".")[0] in ("celery", "kombu")):
            name = literal(node.args[1]) if len(node.args) > 1 else ...
            shown = found.replace(APP, "app")
            what = (
                f"{function}({shown}, {name!r})"
                if isinstance(name, str)
                else f"{function}({shown}, ...)"
            )
            if isinstance(name, str) or not found.startswith(f"{APP}.conf"):
                yield _finding(module, node, what, "the attribute is taken at run time")


def _finding(module: Module, node: ast.Call, subject: str, message: str) -> Finding:
    advice = "look whether it concerns Celery, and what of it"
    return Finding(Level.UNSEEN, subject, message, advice, module.path, node.lineno)
