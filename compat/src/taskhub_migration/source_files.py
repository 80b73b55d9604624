"""The files of a code base: which are read, and how."""

from __future__ import annotations

import io
import os
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ("Skipped", "Source", "Unreadable", "files_below")

#: More than any source, script or settings file has.
LARGEST: Final = 2_000_000

_NOT_OURS: Final = {
    "__pycache__": "compiled code",
    "node_modules": "other people's code",
    "site-packages": "other people's code",
    ".git": "version control",
    ".hg": "version control",
    ".svn": "version control",
    ".tox": "an environment",
    ".nox": "an environment",
    ".mypy_cache": "a cache",
    ".pytest_cache": "a cache",
    ".ruff_cache": "a cache",
}
_TEXT_SUFFIXES: Final = frozenset(
    {".bash", ".bat", ".cfg", ".cmd", ".conf", ".env", ".fish", ".hcl", ".in", ".ini", ".j2",
     ".json", ".ksh",
     ".mk", ".nix", ".ps1", ".service", ".sh", ".template", ".tf", ".tmpl", ".toml", ".txt",
     ".yaml", ".yml",
     ".zsh"}
)  # fmt: skip
_TEXT_NAMES: Final = (
    ".env",
    "celerybeat",
    "celeryd",
    "containerfile",
    "dockerfile",
    "jenkinsfile",
    "justfile",
    "makefile",
    "pipfile",
    "procfile",
    "tiltfile",
    "vagrantfile",
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read."""

    path: str
    text: str

    @property
    def is_python(self) -> bool:
        """Whether it is a module."""
        return self.path.endswith((".py", ".pyi", ".pyw"))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A directory that was not looked into, and why."""

    path: str
    reason: str


def files_below(path: Path) -> Iterator[Source | Unreadable | Skipped]:
    """Read the Python, shell and settings files of a directory, or one file.

    Raises:
        OSError: there is no such path, or it may not be read.
    """
    if path.is_file():
        read = _read(path, path.name)
        yield read or Unreadable(path.name, "it is not a text")
        return
    # Raises for a path that does not exist or may not be read.
    os.listdir(path)
    for directory, names, file_names in os.walk(path):
        place = Path(directory)
        for name in sorted(names):
            reason = _reason_to_skip(place / name)
            if reason:
                names.remove(name)
                yield Skipped((place / name).relative_to(path).as_posix(), reason)
        names.sort()
        for name in sorted(file_names):
            if _is_wanted(name):
                found = _read(place / name, (place / name).relative_to(path).as_posix())
                if found is not None:
                    yield found


def _reason_to_skip(directory: Path) -> str:
    if directory.is_symlink():
        return "a link to a directory"
    if (directory / "pyvenv.cfg").exists():
        return "an environment"
    return _NOT_OURS.get(directory.name, "")


def _is_wanted(name: str) -> bool:
    lower = name.lower()
    if lower.endswith((".py", ".pyi", ".pyw")):
        return True
    if lower.endswith((".lock", "-lock.json", "lock.yaml")):
        return False
    return Path(lower).suffix in _TEXT_SUFFIXES or lower.startswith(_TEXT_NAMES) or "." not in lower


def _read(path: Path, shown: str) -> Source | Unreadable | None:
    """Return a file; None: it is no text, and nobody would take it for one."""
    is_python = shown.lower().endswith((".py", ".pyi", ".pyw"))
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > LARGEST:
            if not is_python:
                # Data: fixtures, recorded answers.
                return None
            return Unreadable(shown, f"it has more than {LARGEST // 1_000_000} MB")
        content = path.read_bytes()
    except OSError as error:
        return Unreadable(shown, error.strerror or type(error).__name__)
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Unreadable(shown, "it is binary") if is_python else None
    try:
        return Source(shown, _decoded(content, is_python))
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        reason = (
            str(error).partition(" for ")[0]
            if isinstance(error, SyntaxError)
            else "it is not UTF-8"
        )
        return Unreadable(shown, reason)


def _decoded(content: bytes, is_python: bool) -> str:
    if is_python:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            # What matters in scripts and settings is ASCII.
            text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
