"""The Pythons of this machine on which a release is tried."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

#: Which are looked for, in the order of the table; a trailing `t` names the free-threaded build.
WANTED: Final = ("3.11", "3.12", "3.13", "3.14", "3.14t")
#: Tried where they are, and reported: a failure there does not stop a release.
REPORTED_ONLY: Final = frozenset({"3.14t"})
_SAY: Final = (
    "import sys, sysconfig;"
    "free_threaded = bool(sysconfig.get_config_var('Py_GIL_DISABLED'));"
    "print('%d.%d' % sys.version_info[:2] + 't' * free_threaded);"
    "print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])"
)


class Interpreter(NamedTuple):
    """A Python."""

    #: As in `WANTED`.
    name: str
    #: None: it is not on this machine.
    program: Path | None = None
    release: str = ""


def find_interpreters(wanted: tuple[str, ...] = WANTED) -> list[Interpreter]:
    """Return each wanted Python, on the search path or where pyenv and uv keep theirs."""
    return [_find(name) for name in wanted]


def _find(name: str) -> Interpreter:
    home = Path.home()
    places = [shutil.which(f"python{name}") or ""]
    places += sorted(map(str, home.glob(f".pyenv/versions/{name.rstrip('t')}*/bin/python{name}")))
    places += sorted(map(str, home.glob(f".local/share/uv/python/*/bin/python{name}")))
    for place in filter(None, places):
        # A shim of pyenv's fails for versions that are not selected.
        said = subprocess.run([place, "-c", _SAY], capture_output=True, text=True, check=False)
        lines = said.stdout.splitlines()
        if said.returncode == 0 and lines[0] == name:
            return Interpreter(name, Path(lines[1]), lines[2])
    return Interpreter(name)
