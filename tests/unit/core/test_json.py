"""JSON: what fails says where, and what is fast stays right."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.exceptions import DecodeError, EncodeError
from taskhub.serialization.json import dumps, loads

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(PLAIN)
def test_plain_values_come_back(value: Any) -> None:
    assert loads(dumps(value)) == value
    assert json.loads(dumps(value)) == value


# ISO 8601 has no place for the fold.
MOMENTS = (st.datetimes() | st.times()).map(lambda value: value.replace(fold=0))


@given(MOMENTS | st.dates() | st.uuids() | st.binary() | st.decimals())
def test_richer_values_come_back_as_they_were(value: Any) -> None:
    (read,) = loads(dumps([value]))

    assert type(read) is type(value)
    assert repr(read) == repr(value)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"args": [1], "kwargs": {"user": {1, 2}}}, "kwargs['user'] is of type set"),
        ({"args": [1, [object()]]}, "args[1][0] is of type object"),
        ({"kwargs": {(1, 2): 3}}, "kwargs has a key of type tuple"),
    ],
)
def test_an_error_says_where_the_value_is(value: Any, place: str) -> None:
    with pytest.raises(EncodeError) as raised:
        dumps(value, name="")

    assert str(raised.value).startswith(place)


def test_an_error_does_not_show_the_value() -> None:
    class Secret:
        def __repr__(self) -> str:
            return "hunter2"

    with pytest.raises(EncodeError) as raised:
        dumps([Secret()])

    assert "hunter2" not in str(raised.value)


def test_a_circular_value_is_refused_and_harms_nobody_after() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(EncodeError, match="contains itself"):
        dumps(value)
    assert dumps([[1]]) == "[[1]]"


def test_an_encoder_that_raises_is_named() -> None:
    class Broken:
        def __json__(self) -> object:
            raise ValueError("no")

    with pytest.raises(EncodeError, match=r"value\['a'\] of type .*Broken"):
        dumps({"a": Broken()})


@pytest.mark.parametrize("text", ["", "[1,", b"\xff", '{"__type__": "who", "__value__": 1}'])
def test_what_is_no_json_is_a_decode_error(text: str | bytes) -> None:
    with pytest.raises(DecodeError):
        loads(text)


def test_threads_share_the_encoder() -> None:
    value = {"a": [{"b": list(range(100))}]}
    expected = dumps(value)
    wrong: list[str] = []

    def work() -> None:
        wrong.extend(text for _ in range(300) if (text := dumps(value)) != expected)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
