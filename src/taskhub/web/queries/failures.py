"""Reasons of dead letters, and tracebacks: what they say, in parts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from taskhub.humanize import counted

__all__ = ("read_reason", "read_traceback")

_LOST: Final = "WorkerLostError"
_FRAME: Final = re.compile(
    r'^\s*File "(?P<path>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$'
)
#: Files whose path has one of these are a library's.
_LIBRARY: Final = re.compile(r"(?:site|dist)-packages[/\\](?P<package>[^/\\]+)")
_STANDARD: Final = re.compile(r"lib[/\\]python3\.\d+[/\\](?P<package>[^/\\]+)")
_OWN_LIBRARY: Final = re.compile(r"[/\\]taskhub[/\\](?!actors[/\\])")
_HEADS: Final = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
#: Frames that are listed, innermost first.
MOST_FRAMES: Final = 200


def read_reason(text: str) -> dict[str, Any]:
    """Return fields of a `TaskRecord` for the reason of a dead letter."""
    try:
        cause = json.loads(text)
    except ValueError:
        cause = {"reason": text}
    if not isinstance(cause, Mapping):
        cause = {"reason": text}
    kind = str(cause.get("reason") or "unknown")
    detail = str(cause.get("detail") or "")
    shown = kind
    if kind == _LOST:
        times = re.search(r"(\d+) times?", detail)
        shown = f"workers lost {counted(int(times[1]), 'time')}" if times else "workers lost"
    traceback = cause.get("traceback")
    return {
        "error": kind,
        "message": detail,
        "reason": shown,
        "traceback": str(traceback) if traceback else None,
    }


def read_traceback(text: str | None) -> dict[str, Any]:
    """Return frames (innermost first) and cause of a traceback's text."""
    if not text:
        return {"frames": [], "cause": None}
    parts = [text]
    for head in _HEADS:
        parts = [each for part in parts for each in part.split(head)]
    lines = parts[-1].splitlines()
    frames: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        found = _FRAME.match(line)
        if found is not None:
            code = lines[number + 1].strip() if number + 1 < len(lines) else ""
            frames.append(_frame(found, "" if _FRAME.match(code) else code))
    cause = _last_line(parts[-2].splitlines()) if len(parts) > 1 else None
    return {"frames": frames[::-1][:MOST_FRAMES], "cause": cause}


def _frame(found: re.Match[str], code: str) -> dict[str, Any]:
    path, line = found["path"], int(found["line"])
    library = _LIBRARY.search(path) or _STANDARD.search(path)
    package = library["package"].removesuffix(".py") if library else None
    if package is None and _OWN_LIBRARY.search(path):
        package = "taskhub"
    source = [{"line": line, "text": code, "hit": True}] if code else []
    return {
        "path": path,
        "line": line,
        "function": found["function"] or "",
        "own": package is None and not path.startswith("<"),
        "library": package,
        "source": source,
    }


def _last_line(lines: Sequence[str]) -> str | None:
    return next((line.strip() for line in reversed(lines) if line.strip()), None)
