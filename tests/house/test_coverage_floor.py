"""The share of branches that tests must take is the same wherever it is said."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_contributing_says_the_floor_that_is_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["coverage"]
    assert settings["run"]["branch"]
    said = re.findall(r"It fails below (\d+) %", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert said == [str(settings["report"]["fail_under"])]
