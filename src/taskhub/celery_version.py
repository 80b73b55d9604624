"""Celery's version, with ours as its local part, for programs that require `celery>=5`."""

from __future__ import annotations

from typing import NamedTuple

from taskhub.version import __version__ as own_version


class version_info_t(NamedTuple):  # noqa: N801 - Celery's name
    """The parts of a version."""

    major: int
    minor: int
    micro: int
    releaselevel: str
    serial: str


#: The release of Celery whose behaviour is the reference.
VERSION = version_info = version_info_t(5, 7, 0, "", "")
__version__ = ".".join(map(str, VERSION[:3])) + f"+taskhub.{own_version}"
SERIES = "taskhub"
