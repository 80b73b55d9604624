"""Small things that programs import behave as Celery's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.parity import every, outcomes


@pytest.mark.parametrize(("cases", "name"), every(Path(__file__).parent / "cases"))
def test_outcome_is_celerys(cases: Path, name: str) -> None:
    assert outcomes(cases, "taskhub")[name] == outcomes(cases, "celery")[name]
