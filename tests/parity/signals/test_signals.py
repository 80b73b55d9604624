"""Signals behave as Celery's: each case is run with both, and must come to the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import parity

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize(("cases", "name"), parity.every(CASES))
def test_same_as_celery(cases: Path, name: str) -> None:
    assert parity.outcomes(cases, "taskhub")[name] == parity.outcomes(cases, "celery")[name]
