"""What is kept of an exception, and what that adds up to."""

from __future__ import annotations

from taskhub.statistics import Failure, failures
from taskhub.statistics.failures import LONGEST, describe_error, failure_of
from taskhub.statistics.tally import Subject, fields_of, tally, with_error


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_an_exception_is_told_in_two_lines() -> None:
    assert describe_error(ValueError("a\n  b")) == "ValueError\na b"
    assert describe_error(KeyError()) == "KeyError\n"
    assert describe_error(Unspeakable()) == "Unspeakable\n"
    assert describe_error(OSError("\ud800")) == "OSError\n?"
    kind, message = describe_error(OSError("x" * 1000)).split("\n")
    assert (kind, len(message), message[-4:]) == ("OSError", LONGEST, "x...")


def test_a_tally_with_an_error_is_counted_as_without() -> None:
    text = tally("add", "default", "failed", 0.003, 0.2)
    told = with_error(text, "id", describe_error(ValueError("wrong")))
    assert fields_of(told) == fields_of(text)
    assert failure_of(text) is None
    assert failure_of(told) == ("add\ndefault\nValueError", "wrong\nid")


def test_what_is_kept_without_an_example_is_told_all_the_same() -> None:
    assert failures([{"add\na\nOSError": "2"}, {"add\na\nOSError": "1", "add\na\nX": "9"}]) == {
        Subject("add", "a"): [Failure("X", 9, "", ""), Failure("OSError", 3, "", "")]
    }
