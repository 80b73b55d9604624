"""Which folders are cleaned, and what may never be."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from taskhub.actors.settings import HomeSettings, split_paths
from taskhub.actors.system.exceptions import SystemConfigurationError

__all__ = ("CleaningSettings", "Folder", "forbidden_places")

_VARIABLE: Final = "TASKHUB_CLEAN_FOLDERS"
_EXAMPLE: Final = (
    "write for example /srv/shop/exports, or /srv/shop/exports=30 for what is older than 30 days"
)
_LONGEST: Final = 36_500

#: What belongs to the system, or to everybody: folders in them may be cleaned, they themselves may
#: not.
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

    Args:
        path: Absolute.
        days: What was not changed for longer is removed.
    """

    path: Path
    days: float


class CleaningSettings(HomeSettings):
    """Folders to clean: `TASKHUB_CLEAN_FOLDERS` (as in PATH), and `TASKHUB_CLEAN_DAYS`.

    Args:
        days: How old a file is at least, where its folder does not say.
        folders: Each with what lies in it, folders in it included; without the variable, `tmp`
            in `home`.

    Raises:
        SystemConfigurationError: A folder may not be cleaned, or a value is wrong; one line
            says why.
    """

    model_config = SettingsConfigDict(env_prefix="TASKHUB_CLEAN_")
    refusal: ClassVar = SystemConfigurationError

    days: float = Field(
        default=7, ge=0, le=_LONGEST, description=f"a number of days from 0 to {_LONGEST}"
    )
    folders: tuple[Folder, ...] = Field(
        default_factory=lambda values: (Folder(values["home"].absolute() / "tmp", values["days"]),)
    )

    @property
    def forbidden(self) -> tuple[Path, ...]:
        """Folders that are not cleaned whatever name they are reached by."""
        return forbidden_places(self.home.absolute())

    @field_validator("folders", mode="before")
    @classmethod
    def _read(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str) or not {"home", "days"} <= info.data.keys():
            return value
        folders = tuple(_folder(text, info.data["days"]) for text in split_paths(value))
        for folder in folders:
            check_place(folder.path, forbidden_places(info.data["home"].absolute()))
        return folders


def forbidden_places(home: Path) -> tuple[Path, ...]:
    """Return the directories that are never cleaned as a whole: system, home, project.

    Args:
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


def _folder(text: str, days: float) -> Folder:
    path, separator, age = text.rpartition("=")
    try:
        own = float(age if separator else "")
    except ValueError:
        return Folder(Path(text), days)
    if not 0 <= own <= _LONGEST:
        raise ValueError(f"{age} is not a number of days from 0 to {_LONGEST}: {_EXAMPLE}")
    return Folder(Path(path), own)
