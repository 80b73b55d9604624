"""Excerpts of arguments: short, on one line, secrets hidden."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub.config.tables.taskhub import REDACTED
from taskhub.serialization.excerpt import LONGEST, Excerpts, positional_names

EXCERPTS = Excerpts(REDACTED)


@pytest.mark.parametrize(
    ("args", "kwargs", "shown"),
    [
        ((), {}, ""),
        ((17, "EUR"), {"user": 5}, "order=17, 'EUR', user=5"),
        ((1,), {"password": "x", "Card_Number": "4111", "api_key": b"k"}, None),
        (([1, 2, 3, 4, 5],), {}, "order=[1, 2, 3, +2]"),
        (((1, None),), {}, "order=(1, None)"),
        (({"a": {"b": {"c": 1}}},), {}, "order={'a': {'b': {...}}}"),
        (({"user": 1, "token": "t", "nested": {"secret": 2}},), {}, None),
        (("a\nb",), {"note": "c\td"}, None),
    ],
)
def test_what_is_shown(args: tuple[Any, ...], kwargs: dict[str, Any], shown: str | None) -> None:
    text = EXCERPTS.of_call(args, kwargs, ("order",))
    if shown is not None:
        assert text == shown
    assert text.isprintable()


def test_secrets_are_hidden_wherever_they_stand() -> None:
    value = {"user": 1, "Token": "t-1", "nested": {"secret": "s-1", "deep": {"card_no": "c-1"}}}
    text = EXCERPTS.of_call(("p-1", value), {"AUTHORIZATION": "a-1"}, ("password", "order"))
    assert text.startswith("password=[hidden], order={'user': 1, 'Token': [hidden], ")
    assert text.endswith("AUTHORIZATION=[hidden]")
    for secret in ("p-1", "t-1", "s-1", "c-1", "a-1"):
        assert secret not in text


def test_other_patterns() -> None:
    excerpts = Excerpts(["pin"])
    assert excerpts.of_call((), {"pin": 1234, "password": "x"}) == "pin=[hidden], password='x'"
    assert Excerpts(()).of_call((), {"password": "x"}) == "password='x'"


def test_what_is_long_is_cut() -> None:
    assert len(EXCERPTS.of_call(("x" * 10_000,), {})) < 70
    assert len(EXCERPTS.of_call(tuple(range(10_000)), {})) == LONGEST
    assert len(EXCERPTS.of_call((), {f"name{i}": "v" * 50 for i in range(100)})) == LONGEST


def test_a_value_whose_text_raises_is_shown() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert "unrepresentable" in EXCERPTS.of_call((Odd(),), {})


def test_names_of_positional_parameters() -> None:
    def pay(order: int, /, currency: str = "EUR", *rest: int, card: str = "") -> None: ...

    assert positional_names(pay) == ("order", "currency")
    assert positional_names(42) == ()
