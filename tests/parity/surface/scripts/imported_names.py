"""Prints what the modules of Celery import from others, one line for each pair: "module < origin: names".

Arguments: the modules. Where a name is imported under another one, it is written "name=original";
the origin of whole modules is empty.
"""

import ast
import importlib.util
import sys
from collections import defaultdict
from pathlib import Path

import celery

PACKAGE = Path(celery.__file__).parent


def statements(body):
    """Yield the imports of a module's body, as they are run when it is imported."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
            yield from statements(node.body + node.orelse)
        elif isinstance(node, ast.Try):
            yield from statements(node.body)
            for handler in node.handlers:
                yield from statements(handler.body)


def imported(module):
    """Return what a module imports: origin -> names."""
    found = defaultdict(set)
    path = PACKAGE.joinpath(*module.split(".")[1:])
    package = module if path.is_dir() else module.rpartition(".")[0]
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in statements(ast.parse(source.read_text("utf-8")).body):
        origin = ""
        if isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            origin = importlib.util.resolve_name(origin, package) if node.level else origin
        for alias in node.names:
            name, original = alias.asname or alias.name, alias.name
            if name.startswith("_") or name == "*":
                continue
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                original = alias.name if alias.asname else name
                found[""].add(name if name == original else f"{name}={original}")
            elif origin != "__future__":
                found[origin].add(name if name == original else f"{name}={original}")
    return found


for one in sys.argv[1:]:
    for origin, names in sorted(imported(one).items()):
        sys.stdout.write(f"{one} < {origin}: {' '.join(sorted(names))}\n")
