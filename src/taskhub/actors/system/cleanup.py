"""Removes old files from folders, and nothing that lies elsewhere.

Every step is taken from an open folder by the bare name of what is in it, and links are never
followed: exchanging a folder for a link while this runs makes it fail there, not go
elsewhere.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from taskhub.actors.system.cleanup_settings import CleaningSettings, Folder, check_place
from taskhub.actors.system.exceptions import SystemConfigurationError

__all__ = ("Cleaned", "clean")

#: So many errors, and files of a dry run, are named.
_NAMED: Final = 20
#: Deeper folders are left: each one on the way is held open.
_DEEPEST: Final = 64
_DAY: Final = 86_400
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass
class Cleaned:
    """What was removed, or, in a dry run, would be.

    Args:
        dry_run: Whether nothing was touched.
        files: Files.
        bytes: Their size; what is still linked from elsewhere frees nothing.
        folders: Folders that were old and became empty, or were.
        errors: How many could not be looked at or removed.
        failed: Of those, at most 20: why, by path.
        examples: Of a dry run, at most 20 of the files.
        places: How many files and bytes that were, by folder; `missing` names those that are
            not there.
    """

    dry_run: bool = False
    files: int = 0
    bytes: int = 0
    folders: int = 0
    errors: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    places: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for a task's result; what is not set is left out."""
        values = dict(self.__dict__)
        for name in ("failed", "examples"):
            if not values[name]:
                del values[name]
        return values

    def note(self, path: str, error: OSError) -> None:
        """Note what could not be done."""
        self.errors += 1
        if len(self.failed) < _NAMED:
            self.failed[_readable(path)] = error.strerror or str(error)


def clean(
    settings: CleaningSettings, *, dry_run: bool = False, now: float | None = None
) -> Cleaned:
    """Remove what was not changed for too long from the configured folders.

    Ordinary files go, and folders that were not changed for as long and are empty then. Links,
    sockets and devices stay, and so does what is mounted there. A folder that is not there is no
    error.

    Args:
        settings: Which folders, and how old.
        dry_run: Only look.
        now: Seconds since the epoch.

    Raises:
        SystemConfigurationError: A folder may not be cleaned, is a link, or no folder; nothing
            was removed then.
    """
    now = time.time() if now is None else now
    for folder in settings.folders:
        with _opened(folder, settings):
            pass
    cleaned = Cleaned(dry_run)
    for folder in settings.folders:
        files, size = cleaned.files, cleaned.bytes
        with _opened(folder, settings) as root:
            if root is not None:
                sweep = _Sweep(cleaned, now - folder.days * _DAY, os.fstat(root).st_dev)
                sweep.folder(root, str(folder.path), 0)
        place = {"folder": str(folder.path), "older_than_days": folder.days}
        if root is None:
            place["missing"] = True
        cleaned.places.append(
            {**place, "files": cleaned.files - files, "bytes": cleaned.bytes - size}
        )
    return cleaned


@contextmanager
def _opened(folder: Folder, settings: CleaningSettings) -> Generator[int | None]:
    """Open a folder, and see by what it is that it may be cleaned; None: it is not there."""
    check_place(folder.path, settings.forbidden)
    try:
        found = os.open(folder.path, _FOLDER)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        kind = "is a link: name the folder that it leads to" if folder.path.is_symlink() else None
        if kind is None and not folder.path.is_dir():
            kind = "is not a folder: name one"
        problem = kind or f"cannot be opened ({error.strerror}): give this user the right to"
        raise SystemConfigurationError(f"TASKHUB_CLEAN_FOLDERS: {folder.path} {problem}") from None
    try:
        # Its name may have led through links: it is compared by what it is.
        if _identity(os.fstat(found)) in set(_identities(settings.forbidden)):
            raise SystemConfigurationError(
                f"TASKHUB_CLEAN_FOLDERS: {folder.path} is another name of a folder that is not "
                "cleaned: name a folder that nothing else is in"
            )
        yield found
    finally:
        os.close(found)


class _Sweep:
    """One pass through a folder.

    Args:
        total: What is added to.
        before: What was last changed before this goes, seconds since the epoch.
        device: The file system to stay on.
    """

    def __init__(self, cleaned: Cleaned, before: float, device: int) -> None:
        self._cleaned = cleaned
        self._before = before
        self._device = device

    def folder(self, opened: int, path: str, depth: int) -> bool:
        """Clean an open folder; returns whether nothing is left in it."""
        try:
            names = os.listdir(opened)
        except OSError as error:
            self._cleaned.note(path, error)
            return False
        left = [name for name in names if not self._entry(opened, name, f"{path}/{name}", depth)]
        return not left

    def _entry(self, parent: int, name: str, path: str, depth: int) -> bool:
        """Clean what has a name in an open folder; returns whether that is gone."""
        try:
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                return self._inner(parent, name, path, depth, found)
            if stat.S_ISREG(found.st_mode) and found.st_mtime < self._before:
                return self._file(parent, name, path, found)
        except FileNotFoundError:
            # Somebody else was faster.
            return True
        except OSError as error:
            self._cleaned.note(path, error)
        return False

    def _file(self, parent: int, name: str, path: str, found: os.stat_result) -> bool:
        cleaned = self._cleaned
        if not cleaned.dry_run:
            os.unlink(name, dir_fd=parent)
        elif len(cleaned.examples) < _NAMED:
            cleaned.examples.append(_readable(path))
        cleaned.files += 1
        cleaned.bytes += found.st_size if found.st_nlink == 1 else 0
        return True

    def _inner(self, parent: int, name: str, path: str, depth: int, found: os.stat_result) -> bool:
        if found.st_dev != self._device:
            return False
        if depth >= _DEEPEST:
            raise OSError(0, f"lies more than {_DEEPEST} folders deep")
        opened = os.open(name, _FOLDER, dir_fd=parent)
        try:
            is_empty = self.folder(opened, path, depth + 1)
        finally:
            os.close(opened)
        # What was old before its files went.
        if not is_empty or found.st_mtime >= self._before:
            return False
        if not self._cleaned.dry_run:
            os.rmdir(name, dir_fd=parent)
        self._cleaned.folders += 1
        return True


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _identities(places: tuple[Path, ...]) -> Generator[tuple[int, int]]:
    for place in places:
        try:
            yield _identity(place.stat())
        except OSError:
            continue


def _readable(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")
