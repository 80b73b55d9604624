"""How signatures combine: whatever they are, nothing is lost, turned around or changed, and the end has one form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from taskhub.app.app import Celery
from taskhub.canvas import Signature, chain, chord, group
from taskhub.canvas.chain import _chain
from taskhub.canvas.normal_form import fold, with_one_result
from taskhub.canvas.structure import (
    elements,
    final_call,
    first_call,
    is_empty_group,
    kind,
    last_call,
)

APP = Celery("steps", broker="memory://", set_as_current=False)
#: The same app serves all examples of a test.
SHARED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def current() -> Iterator[None]:
    """Let an app that has no server be the one that is meant."""
    with APP.as_current():
        yield


def call(number: int) -> Signature:
    """Return the call of a task, identified by its argument."""
    return Signature("task", (number,))


calls = st.integers(0, 99).map(call)
canvases = st.recursive(
    calls,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(group),
        # Made as JSON makes them: not folded yet.
        st.lists(inner, min_size=1, max_size=3).map(lambda steps: _chain(steps)),
        st.builds(chord, st.lists(inner, min_size=1, max_size=3), inner),
    ),
    max_leaves=12,
)
rows = st.lists(canvases, min_size=1, max_size=4)


def numbers(signature: Any) -> Iterator[int]:
    """Yield the numbers of all calls in the order in which they stand."""
    match kind(signature):
        case "chain" | "group":
            for member in signature["kwargs"]["tasks"]:
                yield from numbers(member)
        case "chord":
            for member in signature["kwargs"]["header"]:
                yield from numbers(member)
            yield from numbers(signature["kwargs"]["body"])
        case _:
            yield from signature["args"]


def numbers_of(signatures: Any) -> list[int]:
    """Return the numbers of all calls of several signatures."""
    return [number for signature in signatures for number in numbers(signature)]


@SHARED
@given(rows)
def test_a_chain_keeps_all_calls_in_order(row: list[Any]) -> None:
    assert numbers_of(fold(row)) == numbers_of(row)


@SHARED
@given(rows)
@example([call(0), group([group([])])])
def test_only_the_last_step_of_a_chain_is_more_than_a_call(row: list[Any]) -> None:
    *before, last = fold(row)
    assert {kind(step) for step in before} <= {"task"}
    assert kind(last) in ("task", "group", "chord")
    # An empty group stands only where there is nothing else.
    assert not is_empty_group(last) or not before


@SHARED
@given(rows)
def test_a_chain_that_is_folded_stays_as_it_is(row: list[Any]) -> None:
    steps = fold(row)
    assert fold(steps) == steps


@SHARED
@given(rows)
def test_combining_changes_none_of_the_signatures(row: list[Any]) -> None:
    before = deepcopy([json.dumps(signature) for signature in row])
    fold(row)
    elements(row)
    chain(*row)
    for first, second in pairwise(row):
        first | second
    assert [json.dumps(signature) for signature in row] == before


@SHARED
@given(rows)
def test_a_group_keeps_all_calls_in_order_and_holds_no_other(row: list[Any]) -> None:
    members = elements(row)
    assert numbers_of(members) == numbers_of(row)
    assert {kind(member) for member in members} <= {"task", "chain", "chord"}


@SHARED
@given(canvases)
def test_a_part_ends_in_one_call(canvas: Any) -> None:
    part = with_one_result(canvas.clone())
    final = final_call(part)
    assert kind(final) == "task"
    gathered = [number for number in numbers(part) if isinstance(number, int)]
    assert gathered == list(numbers(canvas))
    while kind(part) != "task":
        part = part["kwargs"]["tasks"][-1] if kind(part) == "chain" else part["kwargs"]["body"]
        assert kind(part) != "group"


@SHARED
@given(canvases)
def test_frozen_canvases_begin_and_end_with_calls_that_have_ids(canvas: Any) -> None:
    result = canvas.clone()
    frozen = result.freeze()
    if frozen is None or first_call(result) is None:
        assert list(numbers(canvas)) == []
        return
    ids = set(_ids(result))
    assert first_call(result) in ids
    # What ends in an empty group ends in no call.
    assert last_call(result) in ids or is_empty_group(ending_group(result))
    # No two calls of a canvas share an id.
    assert len(list(_ids(result))) == len(ids)


@SHARED
@given(canvases)
def test_a_canvas_that_was_json_is_the_same(canvas: Any) -> None:
    text = json.dumps(canvas)
    assert json.dumps(Signature.from_dict(json.loads(text))) == text


def ending_group(signature: Any) -> Any:
    """Return the innermost canvas that a canvas ends with."""
    match kind(signature):
        case "chord":
            return ending_group(signature["kwargs"]["body"])
        case "chain" | "group" if signature["kwargs"]["tasks"]:
            return ending_group(signature["kwargs"]["tasks"][-1])
    return signature


def _ids(signature: Any) -> Iterator[str | None]:
    match kind(signature):
        case "chain" | "group":
            for member in signature["kwargs"]["tasks"]:
                yield from _ids(member)
        case "chord":
            for member in (*signature["kwargs"]["header"], signature["kwargs"]["body"]):
                yield from _ids(member)
        case _:
            yield signature["options"].get("task_id")
