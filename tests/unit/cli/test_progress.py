"""The progress of a task, where stderr is no terminal."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub.cli.progress import ProgressBar


def state(value: Any) -> dict[str, Any]:
    return {"status": "PROGRESS", "result": value}


def test_each_step_and_each_tenth_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar() as bar:
        for current in range(101):
            bar(state({"current": current, "total": 100, "step": "reading"}))
        bar(state({"current": 100, "total": 100, "step": "writing"}))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "PROGRESS  0/100  reading"
    assert lines[-2:] == ["PROGRESS  100/100  reading", "PROGRESS  100/100  writing"]
    assert len(lines) == 12


@pytest.mark.parametrize(
    "value",
    [None, 3, "text", {}, {"current": 1}, {"current": "1", "total": 2}, {"current": 1, "total": 0}],
)
def test_other_states_say_nothing(capsys: pytest.CaptureFixture[str], value: Any) -> None:
    with ProgressBar() as bar:
        bar(state(value))
    assert capsys.readouterr().err == ""
