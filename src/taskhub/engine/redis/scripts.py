"""The scripts of `lua/`, each prepended with `shared.lua`."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import NamedTuple


class Script(NamedTuple):
    """A Lua script and the hash by which the server knows it."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """Return the script in `lua/<name>.lua`."""
    folder = resources.files("taskhub.engine.redis") / "lua"
    parts = [(folder / f"{part}.lua").read_text(encoding="utf-8") for part in ("shared", name)]
    text = "\n".join(parts)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
