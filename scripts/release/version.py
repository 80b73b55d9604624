"""Where the version stands, which one may follow, and what a new one changes in files."""

from __future__ import annotations

import re
from typing import Final

from packaging.version import InvalidVersion, Version

#: The one source: every pyproject.toml and every `__version__` reads it.
SOURCE: Final = "src/taskhub/version.py"
_VERSION: Final = re.compile(r'(?m)^(__version__: Final = ")([^"]+)(")$')
#: The distributions that need the library pin it so (compat/, celery-shim/, scheduler/).
_PIN: Final = re.compile(r'"taskhub-core>=[^"]*"')
PINNING: Final = (
    "compat/pyproject.toml",
    "compat/celery-shim/pyproject.toml",
    "scheduler/pyproject.toml",
)
#: Where else files of the distributions, images, charts and `celery.__version__` are named: paths
#: as `git ls-files` takes them.
NAMING: Final = ("*.md", "deploy/*", ":!CHANGELOG.md", ":!tests/*", ":!benchmarks/*")
_NAMED: Final = (
    r"(?m)(taskhub_core-|\+taskhub\.|\btaskhub(?:-tasks)?:|\btaskhub |^version: |^appVersion: )"
    r"{version}(?![\w]|\.\d)"
)


def read_version(source: str) -> str:
    """Return the version that the text of `SOURCE` names."""
    found = _VERSION.search(source)
    assert found is not None, f"{SOURCE} has no line __version__"
    return found[2]


def pin_of(version: str) -> str:
    """Return which versions of the library the others of a version work with: its minor version."""
    major, minor = Version(version).release[:2]
    return f"taskhub-core>={major}.{minor}{_earliest(version)},<{major}.{minor + 1}"


def _earliest(version: str) -> str:
    """Pre-releases come before what they lead to: a range from it on would not take them."""
    parsed = Version(version)
    return f"{parsed.pre[0]}{parsed.pre[1]}" if parsed.pre and not parsed.micro else ""


def bumped(path: str, text: str, old: str, new: str) -> str:
    """Return the text of one of the files above for a new version."""
    if path == SOURCE:
        return _VERSION.sub(rf"\g<1>{new}\g<3>", text)
    if path in PINNING:
        return _PIN.sub(f'"{pin_of(new)}"', text)
    return re.sub(_NAMED.replace("{version}", re.escape(old)), rf"\g<1>{new}", text)


def complaints_about_version(wanted: str, present: str, tags: list[str]) -> list[str]:
    """Return why a version cannot be released next; empty: it can.

    Args:
        wanted: The version to release.
        present: The version of the tree.
        tags: The tags of the repository.
    """
    try:
        version = Version(wanted)
    except InvalidVersion:
        version = None
    if version is None or not _is_release(wanted, version):
        return [f"version={wanted} is not a version: give three numbers, as in 0.2.0 or 0.2.0rc1"]
    released = sorted(released_versions(tags))
    if version in released:
        return [f"{wanted} is released already (tag v{wanted}): give a later version"]
    if released and version < released[-1]:
        return [f"{wanted} comes before {released[-1]}, which is released: give a later version"]
    if version < Version(present):
        return [f"{wanted} comes before {present}, which {SOURCE} has: give that or a later one"]
    return []


def released_versions(tags: list[str]) -> list[Version]:
    """Return the versions that tags name."""
    found = []
    for tag in tags:
        if re.fullmatch(r"v\d+\.\d+\.\d+\S*", tag):
            try:
                found.append(Version(tag[1:]))
            except InvalidVersion:
                continue
    return found


def _is_release(text: str, version: Version) -> bool:
    return (
        text == str(version)
        and len(version.release) == 3
        and not (version.epoch or version.is_devrelease or version.is_postrelease or version.local)
    )
