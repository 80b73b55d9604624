"""The scripts of `lua/`, each prepended with what it shares with others."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import NamedTuple

#: What scripts are prepended with that share more than all do.
_ABOUT_PERIODIC_JOBS = ("shared", "timetable")
_ABOUT_RATE_LIMITS = ("shared", "throttle")
_PREPENDED = {
    **dict.fromkeys(("lead", "resign", "tick", "change_entry"), _ABOUT_PERIODIC_JOBS),
    **dict.fromkeys(
        ("claim", "revoke", "take_turns", "set_pace", "purge_throttled"), _ABOUT_RATE_LIMITS
    ),
}


class Script(NamedTuple):
    """A Lua script and the hash by which the server knows it."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """Return the script in `lua/<name>.lua`."""
    folder = resources.files("taskhub.engine.redis") / "lua"
    names = (*_PREPENDED.get(name, ("shared",)), name)
    parts = [(folder / f"{part}.lua").read_text(encoding="utf-8") for part in names]
    text = "\n".join(parts)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
