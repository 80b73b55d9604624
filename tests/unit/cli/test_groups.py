"""A group of commands without a command shows which ones it has."""

from __future__ import annotations

import pytest

from taskhub.cli import exit_codes, main


@pytest.mark.parametrize("group", ["dead", "failed", "schedule", "tasks"])
def test_a_group_alone_prints_its_help(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([group])
    shown = capsys.readouterr()
    lines = (shown.out + shown.err).splitlines()
    assert lines[0] == f"Usage: taskhub {group} [OPTIONS] COMMAND [ARGS]..."
    assert "Commands:" in lines
    # Click 8.1 takes it for a question for help.
    assert (code, shown.out) in ((exit_codes.USAGE, ""), (exit_codes.OK, shown.out))
