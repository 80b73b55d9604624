"""Processes in which nothing is installed but what `taskhub-core` needs."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

_HIDE = """
import sys
from importlib.machinery import PathFinder

HIDDEN = frozenset({hidden!r})

class Core(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in HIDDEN else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Core
"""


def core_distributions() -> set[str]:
    """Return the distributions that the library needs, and what they need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: set[str] = {"taskhub-core"}
    waiting = [(one, "") for one in project["dependencies"]]
    while waiting:
        text, extra = waiting.pop()
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if applies and name not in found:
            found.add(name)
            for one in requirement.extras or {""}:
                waiting += [(more, one) for more in metadata.requires(name) or ()]
    return found


def hide_extras(directory: Path) -> Path:
    """Write a module that hides all other packages from processes on whose PYTHONPATH the directory is; return that."""
    core = core_distributions()
    hidden = {
        package
        for package, distributions in metadata.packages_distributions().items()
        if not core & {canonicalize_name(one) for one in distributions}
    }
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(_HIDE.format(hidden=sorted(hidden)))
    return directory
