"""JSON texts and values are kombu's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]


def test_values_are_written_and_read_as_by_kombu(ours: Run, celerys: Run) -> None:
    us, them = ours("json_values.py", []), celerys("json_values.py", [])

    assert us["written"] == them["written"]
    assert us["read"] == them["read"]


def test_each_reads_what_the_other_wrote(ours: Run, celerys: Run) -> None:
    our_texts, their_texts = (run("json_values.py", [])["texts"] for run in (ours, celerys))

    assert (
        ours("json_values.py", their_texts)["read"]
        == (celerys("json_values.py", our_texts)["read"])
    )


def test_short_texts_are_celerys(ours: Run, celerys: Run) -> None:
    assert ours("short_texts.py") == celerys("short_texts.py")
