"""What is wrong with a wheel or a source distribution, by what it holds."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from scripts.release.distributions import Distribution

#: Names of files and directories that belong to the repository, or to nobody.
_FOREIGN: Final = re.compile(
    r"(^|/)(tests?|benchmarks|docs|examples|scripts|requirements|__pycache__|\.[^/]+)/"
    r"|(^|/)(conftest\.py|test_[^/]*\.py|\.(?!gitignore$)[^/]+|[^/]+\.(pyc|orig|rej|swp|log))$"
)
#: `celery.contrib.testing` has Celery's name.
_ALLOWED: Final = re.compile(r"^(src/)?celery/contrib/testing/")
VENDORED: Final = "taskhub/web/static/vendor"
#: A link of Markdown that is no address and no anchor.
_RELATIVE_LINK: Final = re.compile(r"\]\((?![a-z]+:|#)(?P<path>[^)\s]+)\)")
_URLS: Final = {"Changelog", "Documentation", "Issues", "Repository"}


def complaints_about_wheel(
    wheel: Path, distribution: Distribution, version: str, machine: Sequence[str]
) -> list[str]:
    """Return what is wrong with a wheel.

    Args:
        wheel: The file.
        distribution: Which it should be.
        version: Its version.
        machine: Paths of this machine, which no file may hold.
    """
    with ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}
    infos = {name.partition("/")[0] for name in files if ".dist-info/" in name}
    if len(infos) != 1:
        return [f"{wheel.name} has {len(infos)} directories .dist-info: one is needed"]
    (info,) = infos
    packages = {name: text for name, text in files.items() if not name.startswith(f"{info}/")}
    found = [
        f"{wheel.name} lacks {package}/py.typed"
        for package in distribution.packages
        if f"{package}/py.typed" not in packages
    ]
    strangers = sorted({name.partition("/")[0] for name in packages} - {*distribution.packages})
    found += [f"{wheel.name} has {name}, which is none of its packages" for name in strangers]
    found += [
        f"{wheel.name} lacks the licence file {name}"
        for name in distribution.licences
        if f"{info}/licenses/{name}" not in files
    ]
    found += _of_vendored(wheel.name, packages, files.get(f"{info}/licenses/NOTICE", b"").decode())
    metadata = BytesParser().parsebytes(files[f"{info}/METADATA"])
    found += _of_metadata(wheel.name, metadata, distribution, version)
    return found + _of_files(wheel.name, packages, machine)


def complaints_about_sdist(
    sdist: Path, distribution: Distribution, version: str, machine: Sequence[str]
) -> list[str]:
    """Return what is wrong with a source distribution; arguments as for wheels."""
    with tarfile.open(sdist) as archive:
        # Without the folder that holds all.
        files = {
            member.name.partition("/")[2]: _content(archive, member)
            for member in archive.getmembers()
            if member.isfile()
        }
    needed = ("PKG-INFO", "pyproject.toml", "README.md", *distribution.licences)
    found = [f"{sdist.name} lacks {name}" for name in needed if name not in files]
    found += [
        f"{sdist.name} lacks src/{package}/py.typed"
        for package in distribution.packages
        if f"src/{package}/py.typed" not in files
    ]
    if "PKG-INFO" in files:
        metadata = BytesParser().parsebytes(files["PKG-INFO"])
        found += _of_metadata(sdist.name, metadata, distribution, version)
    return found + _of_files(sdist.name, files, machine)


def vendored_without_notice(directories: Iterable[str], notice: str) -> list[str]:
    """Return the directories of vendored code that a NOTICE does not name."""
    return [name for name in sorted(set(directories)) if f"{VENDORED}/{name}/" not in notice]


def _of_vendored(where: str, packages: Mapping[str, bytes], notice: str) -> list[str]:
    vendored: dict[str, list[str]] = {}
    for name in packages:
        if name.startswith(f"{VENDORED}/"):
            directory, _, rest = name.removeprefix(f"{VENDORED}/").partition("/")
            vendored.setdefault(directory, []).append(rest)
    found = [
        f"{where} has {VENDORED}/{directory} without its licence (a file LICENSE*)"
        for directory, names in sorted(vendored.items())
        if not any(name.startswith("LICENSE") for name in names)
    ]
    return found + [
        f"{where} has {VENDORED}/{directory}, which NOTICE does not name"
        for directory in vendored_without_notice(vendored, notice)
    ]


def _of_metadata(
    where: str, metadata: Message, distribution: Distribution, version: str
) -> list[str]:
    expected = {"Name": distribution.name, "Version": version, "License-Expression": "Apache-2.0"}
    found = [
        f"{where} has the {name} {metadata[name]!r}, not {value!r}"
        for name, value in expected.items()
        if metadata[name] != value
    ]
    named = {str(url).partition(",")[0] for url in metadata.get_all("Project-URL", [])}
    missing = sorted(_URLS - named)
    if missing:
        found.append(f"{where} lacks the addresses {', '.join(missing)}")
    # Bytes of UTF-8, which the parser of e-mails takes for another encoding.
    text = str(metadata.get_payload(decode=False)).encode("utf-8", "surrogateescape").decode()
    dead = sorted({link["path"] for link in _RELATIVE_LINK.finditer(text)})
    if dead:
        found.append(
            f"{where} describes itself with links that lead nowhere on an index: {', '.join(dead)}"
        )
    return found


def _of_files(where: str, files: Mapping[str, bytes], machine: Sequence[str]) -> list[str]:
    found = [
        f"{where} has {name}, which does not belong there"
        for name in sorted(files)
        if _FOREIGN.search(name) and not _ALLOWED.match(name)
    ]
    return found + [
        f"{where}: {name} holds {path}, a path of this machine"
        for name, content in sorted(files.items())
        for path in machine
        if path.encode() in content
    ]


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    return file.read()
