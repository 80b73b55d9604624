"""Results tell and do what Celery's do, whichever side wrote them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize("writer", ["taskhub", "celery"])
def test_both_sides_read_the_same(run: Run, writer: str) -> None:
    run(writer, "results.py", "write", writer)

    ours, theirs = (run(reader, "results.py", "read", writer) for reader in ("taskhub", "celery"))

    assert ours.keys() == theirs.keys()
    for part in ("sets", "relations"):
        for name, told in theirs[part].items():
            assert ours[part][name] == told, (part, name)
    assert ours["eager"] == theirs["eager"]
    for name, told in theirs["results"].items():
        for field in told:
            assert ours["results"][name][field] == told[field], (name, field)
