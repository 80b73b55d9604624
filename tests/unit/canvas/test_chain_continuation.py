"""Which links of a chain a message carries, and which are stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskhub.canvas import Signature, chain, chord, group
from taskhub.canvas.chain_continuation import CARRIED_LINKS, all_links, load_next, split_chain
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.exceptions import BackendError
from taskhub.execution.request import Context
from taskhub.outcome import ChainPlan


def link(number: int, *args: Any, **options: Any) -> Signature:
    """Return the call of a task."""
    return Signature("task", (number, *args), options=options)


def numbers(links: Any) -> list[int]:
    """Return the first arguments of calls."""
    return [entry["args"][0] for entry in links]


def stored_in(plan: ChainPlan | None) -> list[int]:
    """Return the first arguments of the calls that a plan stores."""
    assert plan is not None
    return numbers(map(json.loads, plan.links))


@pytest.mark.parametrize("count", [0, 1, CARRIED_LINKS])
def test_a_few_links_travel_in_the_message(count: int) -> None:
    links = list(map(link, range(count)))
    assert split_chain(links) == (links, None)


def test_of_many_links_all_but_the_next_are_stored() -> None:
    carried, plan = split_chain(list(map(link, range(100))))
    assert numbers(carried) == list(range(CARRIED_LINKS))
    assert stored_in(plan) == list(range(CARRIED_LINKS, 100))


def test_a_long_link_is_carried_by_the_one_before_it_only() -> None:
    wide = chord([link(1) for _ in range(500)], link(2))
    links = [link(0), link(0), wide, link(3)]
    carried, plan = split_chain(links)
    assert numbers(carried) == [0, 0]
    assert plan is not None
    first, second = plan.links
    assert json.loads(first)["kwargs"]["header"][499]["args"] == [1]
    assert json.loads(second)["args"] == [3]
    assert split_chain([wide]) == ([wide], None)
    carried, plan = split_chain([wide, link(3)])
    assert (carried, stored_in(plan)) == ([wide], [3])


def test_calls_inside_of_links_count() -> None:
    nested = group(chain(link(1), link(2), link(3)), link(4))
    assert split_chain([nested] * 4)[1] is None
    long = [chord([link(number, "x" * 500)] * 20, link(9)) for number in range(3)]
    carried, plan = split_chain(long)
    assert len(carried) == 1
    assert plan is not None
    assert len(plan.links) == 2


@pytest.fixture
def engine() -> MemoryEngine:
    made = MemoryEngine()
    for name, count in (("a", 40), ("b", 2)):
        texts = tuple(json.dumps(link(number)) for number in range(count))
        made.enqueue([], chains=[ChainPlan(name, texts)])
    return made


def test_stored_links_come_page_by_page(engine: MemoryEngine) -> None:
    seen: list[int] = []
    request = Context(chain_continuation=[["a", 3, 40], ["b", 0, 2]])
    while request.chain_continuation:
        load_next(engine, request)
        assert request.chain is not None
        assert len(request.chain) <= CARRIED_LINKS
        # As in Celery, the next one is the last.
        seen += reversed(numbers(request.chain))
    assert seen == [*range(3, 40), 0, 1]


def test_all_that_is_left_can_be_read(engine: MemoryEngine) -> None:
    assert numbers(all_links(engine, [["a", 38, 40], ["b", 1, 2]])) == [38, 39, 1]


def test_links_that_are_gone_are_told_of(
    engine: MemoryEngine, caplog: pytest.LogCaptureFixture
) -> None:
    request = Context(chain_continuation=[["gone", 3, 40]])
    with pytest.raises(BackendError, match="chain gone are gone"):
        load_next(engine, request)
    assert numbers(all_links(engine, [["gone", 3, 40], ["b", 0, 2]])) == [0, 1]
    assert "chain gone are gone" in caplog.text


def test_a_replaced_call_tells_those_that_follow(engine: MemoryEngine) -> None:
    request = Context(chain_continuation=[["b", 0, 2]], replaced_task_nesting=3)
    load_next(engine, request)
    assert request.chain is not None
    assert [entry["options"] for entry in request.chain] == [{"replaced_task_nesting": 3}] * 2
