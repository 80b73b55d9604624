"""The table of libraries: its versions are those that are tried, and the document shows it."""

from __future__ import annotations

import re
from pathlib import Path

from taskhub_migration.libraries import ECOSYSTEM, Works

ROOT = Path(__file__).parents[3]


def test_versions_are_those_that_are_tried() -> None:
    pins = dict(
        re.findall(
            r"(?m)^([a-z0-9-]+)==(\S+)", (ROOT / "requirements/ecosystem.txt").read_text("utf-8")
        )
    )
    tried = {name: one.version for name, one in ECOSYSTEM.items() if one.works is not Works.NO}
    assert tried == {name: pins.get(name) for name in tried}


def test_the_document_shows_the_table() -> None:
    text = (ROOT / "docs/migrating.md").read_text("utf-8")
    rows = {f"| {name} {one.version} | {one.works} | " for name, one in ECOSYSTEM.items()}
    assert not {row for row in rows if row not in text}
    for one in ECOSYSTEM.values():
        assert one.works is Works.YES or one.advice
