"""Pages that are made from the code are as the code is."""

from __future__ import annotations

from tests.docs import command_reference


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    found = command_reference.PAGE.read_text("utf-8")
    assert found == command_reference.written(), "run `make reference`"
