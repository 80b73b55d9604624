"""The changelog as text: its sections, and what a release does to them."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple

UNRELEASED: Final = "Unreleased"
_HEADING: Final = re.compile(r"(?m)^## \[(?P<name>[^\]]+)\](?P<rest>[^\n]*)\n")
_DATE: Final = re.compile(r" - (\d{4}-\d{2}-\d{2})(?: \[YANKED\])?")
#: Definitions of links, which stand behind the last section.
_LINKS: Final = re.compile(r"(?m)(?:^\[[^\]]+\]: \S+\n?)+\Z")


class Section(NamedTuple):
    """A section of the second level."""

    #: A version, or `UNRELEASED`.
    name: str
    #: None: the heading has none, or one that is not a day of the calendar.
    day: date | None
    #: Without the heading.
    text: str

    @property
    def entries(self) -> int:
        """How many items it has."""
        return len(re.findall(r"(?m)^- ", self.text))


def read_sections(changelog: str) -> list[Section]:
    """Return the sections in the order of the file."""
    body = _LINKS.sub("", changelog)
    headings = list(_HEADING.finditer(body))
    ends = [heading.start() for heading in headings[1:]] + [len(body)]
    return [
        Section(heading["name"], _day(heading["rest"]), body[heading.end() : end].strip("\n"))
        for heading, end in zip(headings, ends, strict=True)
    ]


def sign_off(changelog: str, version: str, day: date, repository: str) -> str:
    """Move what is unreleased into a dated section of a version, and link it to its tag."""
    heading = f"## [{UNRELEASED}]\n"
    signed = changelog.replace(heading, f"{heading}\n## [{version}] - {day.isoformat()}\n", 1)
    assert signed != changelog, "complaints_about was not asked"
    links = _LINKS.search(signed)
    link = f"[{version}]: {repository}/releases/tag/v{version}\n"
    if links is None:
        return f"{signed.rstrip()}\n\n{link}"
    return signed[: links.start()] + link + links[0]


def complaints_about(changelog: str, version: str) -> list[str]:
    """Return why a changelog cannot be signed off for a version; empty: it can."""
    sections = read_sections(changelog)
    found = []
    unreleased = next((one for one in sections if one.name == UNRELEASED), None)
    if unreleased is None:
        found.append(
            f"CHANGELOG.md has no section [{UNRELEASED}]: write what changes for users into one"
        )
    elif not unreleased.entries:
        found.append(
            f"the section [{UNRELEASED}] of CHANGELOG.md has no entries: write what changes for "
            "users there"
        )
    if any(one.name == version for one in sections):
        found.append(
            f"CHANGELOG.md has a section [{version}] already: move its entries to [{UNRELEASED}], "
            "or release the next version"
        )
    return found + undated(sections, besides=version)


def complaints_about_tagged(changelog: str, version: str) -> list[str]:
    """Return why a changelog is not that of a tagged version; empty: it is."""
    sections = read_sections(changelog)
    own = next((one for one in sections if one.name == version), None)
    if own is None:
        return [f"CHANGELOG.md has no section [{version}]: tags are made by `make release`"]
    if not own.entries:
        return [f"the section [{version}] of CHANGELOG.md has no entries"]
    return undated(sections)


def undated(sections: list[Section], besides: str = "") -> list[str]:
    """Return a complaint for each released section without a date."""
    return [
        f"the section [{one.name}] of CHANGELOG.md has no date: add ` - YYYY-MM-DD` to its heading"
        for one in sections
        if one.day is None and one.name not in (UNRELEASED, besides)
    ]


def notes_of(changelog: str, version: str) -> str:
    """Return what the changelog says of a version."""
    return next(one.text for one in read_sections(changelog) if one.name == version)


def _day(rest: str) -> date | None:
    found = _DATE.fullmatch(rest)
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        return None
