"""Tables: ids and names are whole, and each row is one line with columns that programs can take apart."""

from __future__ import annotations

import re

import pytest

from taskhub.cli.output import draw_table, places, printable, table

ID = "8b1dd8a5-6cc4-4c2f-9a39-7f7c2d9f7a11"
COLUMNS = ("id", "task", "reason", "left")
ROWS = [
    (ID, "shop.mail.tasks.send_the_weekly_letter", "ValueError: " + "no luck " * 8, 3),
    ("short", "任务", None, 12),
]


def test_columns_are_parted_by_two_spaces_and_none_is_empty() -> None:
    lines = draw_table(COLUMNS, ROWS)
    parted = [re.split(" {2,}", line) for line in lines]
    assert [len(columns) for columns in parted] == [4, 4, 4]
    assert parted[1][:2] == [ID, "shop.mail.tasks.send_the_weekly_letter"]
    assert parted[2] == ["short", "任务", "-", "12"]
    assert parted[1][2].endswith("luck")


def test_numbers_stand_to_the_right_and_wide_signs_are_counted() -> None:
    assert draw_table(("name", "n"), [("任务", 3), ("ab", 12)]) == [
        "name   n",
        "任务   3",
        "ab    12",
    ]
    assert places("任务") == 4


def test_only_what_may_be_cut_is_cut_at_a_narrow_terminal() -> None:
    lines = draw_table(COLUMNS, ROWS, cut=("reason",), width=110)
    assert max(map(places, lines)) == 110
    assert ID in lines[1]
    assert "send_the_weekly_letter" in lines[1]
    assert "..." in lines[1]
    # Where that is not enough, lines are longer than the terminal.
    narrow = draw_table(COLUMNS, ROWS, cut=("reason",), width=40)
    assert ID in narrow[1]
    assert "send_the_weekly_letter" in narrow[1]
    assert "ValueErro..." in narrow[1]


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert printable("a\nb\x1b[2Jc\u202e\udcff") == r"a\nb\x1b[2Jc\u202e\udcff"


def test_nothing_to_show_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    table("Queues", ("name",), [], "none was used yet")
    assert capsys.readouterr().out == "Queues  none was used yet\n"


def test_it_is_printed_below_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    table("Queues", ("name", "ready"), [("celery", 10)], "none", cut=("name",))
    assert capsys.readouterr().out == "Queues\nname    ready\ncelery     10\n"


def test_a_huge_name_is_cut_at_a_terminal_and_nothing_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    huge = "n" * 100_000
    assert max(map(places, draw_table(COLUMNS, [(ID, huge, "r", 1)], width=80))) < 300
    table("", ("id", "reason"), [(huge, "a reason " * 50)], "", cut=("reason",))
    line = capsys.readouterr().out.splitlines()[1]
    assert huge in line
    assert line.count("a reason") == 50
