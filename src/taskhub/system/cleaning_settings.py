"""Which folders are cleaned, and what may never be."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taskhub.system.environment import Variables
from taskhub.system.exceptions import SystemConfigurationError

__all__ = ("CleaningSettings", "Folder", "forbidden_places")

_VARIABLE: Final = "TASKHUB_CLEAN_FOLDERS"
_EXAMPLE: Final = (
    "write for example /srv/shop/exports, or /srv/shop/exports=30 for what is older than 30 days"
)
_LONGEST: Final = 36_500

#: What belongs to the system, or to everybody: folders in them may be cleaned, they themselves may not.
_SYSTEM: Final = (
    *(
        "/",
        "/bin",
        "/boot",
        "/dev",
        "/etc",
        "/home",
        "/lib",
        "/lib32",
        "/lib64",
        "/media",
        "/mnt",
        "/opt",
        "/proc",
    ),
    *(
        "/root",
        "/run",
        "/sbin",
        "/srv",
        "/sys",
        "/tmp",
        "/usr",
        "/usr/bin",
        "/usr/lib",
        "/usr/local",
        "/usr/sbin",
    ),
    *(
        "/usr/share",
        "/var",
        "/var/cache",
        "/var/lib",
        "/var/log",
        "/var/run",
        "/var/spool",
        "/var/tmp",
    ),
    *("/Applications", "/Library", "/System", "/Users", "/private", "/private/tmp", "/private/var"),
)
#: Nothing below these is a file that could be old.
_NEVER_BELOW: Final = ("/bin", "/boot", "/dev", "/etc", "/proc", "/sbin", "/sys")


@dataclass(frozen=True)
class Folder:
    """A folder to clean.

    Parameters:
        path: Absolute.
        days: What was not changed for longer is removed.
    """

    path: Path
    days: float


@dataclass(frozen=True)
class CleaningSettings:
    """Which folders are cleaned.

    Parameters:
        folders: Each with what lies in it, folders in it included.
        forbidden: Folders that are not cleaned whatever name they are reached by.
    """

    folders: tuple[Folder, ...]
    forbidden: tuple[Path, ...] = ()

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], *, home: Path | None = None
    ) -> CleaningSettings:
        """Read ``TASKHUB_CLEAN_FOLDERS``, absolute paths as in PATH, and ``TASKHUB_CLEAN_DAYS``.

        Parameters:
            environment: The variables, as ``os.environ``.
            home: The project's directory for what taskhub keeps; without a variable, ``tmp`` in it is cleaned.

        Raises:
            SystemConfigurationError: A folder may not be cleaned, or a value is wrong; one line says why.
        """
        given = Variables(environment)
        home = given.home(home).absolute()
        days = given.number("TASKHUB_CLEAN_DAYS", 7, 0, _LONGEST, "a number of days")
        forbidden = forbidden_places(home)
        listed = given.paths(_VARIABLE)
        if listed is None:
            return cls((Folder(home / "tmp", days),), forbidden)
        folders = tuple(_read(text, days) for text in listed)
        for folder in folders:
            check_place(folder.path, forbidden)
        return cls(folders, forbidden)


def forbidden_places(home: Path) -> tuple[Path, ...]:
    """Return what may not be cleaned as a whole: the system's, this user's and the project's own places.

    Parameters:
        home: The project's directory for what taskhub keeps, absolute.
    """
    own = [Path.home(), Path.cwd(), home, home / "outbox"]
    above = [parent for place in own[:3] for parent in place.parents]
    return tuple(dict.fromkeys((*map(Path, _SYSTEM), *own, *above)))


def check_place(path: Path, forbidden: Iterable[Path]) -> None:
    """See that a folder may be cleaned.

    Raises:
        SystemConfigurationError: It may not.
    """
    if not path.is_absolute():
        raise SystemConfigurationError(f"{_VARIABLE}: {path} is not an absolute path: {_EXAMPLE}")
    if ".." in path.parts:
        raise SystemConfigurationError(f"{_VARIABLE}: {path} leads upwards (..): {_EXAMPLE}")
    places = {path, Path(os.path.realpath(path))}
    refused = places & set(forbidden) or {
        place for place in places if any(place.is_relative_to(never) for never in _NEVER_BELOW)
    }
    if refused:
        raise SystemConfigurationError(
            f"{_VARIABLE}: {path} holds more than temporary files, so it is not cleaned: "
            "name a folder that nothing else is in"
        )


def _read(text: str, days: float) -> Folder:
    path, separator, age = text.rpartition("=")
    if separator and _is_number(age):
        text, days = path, float(age)
        if not 0 <= days <= _LONGEST:
            raise SystemConfigurationError(
                f"{_VARIABLE}: {age} is not a number of days from 0 to {_LONGEST}: {_EXAMPLE}"
            )
    return Folder(Path(text), days)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
