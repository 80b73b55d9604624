"""Walks over results and their children."""

from __future__ import annotations

import io
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.exceptions import IncompleteStream
from taskhub.result import AsyncResult
from taskhub.serialization.result_meta import encode_meta


def store(app: Celery, task_id: str, *children: str) -> None:
    """End a task that called others."""
    document = encode_meta(
        task_id=task_id,
        status=states.SUCCESS,
        result=task_id.upper(),
        children=[((child, None), None) for child in children],
    )
    app.engine.store_state(task_id, document, None)


@pytest.fixture
def root(app: Celery) -> AsyncResult[Any]:
    """A task that called two, one of which called a third."""
    store(app, "a", "b", "c")
    store(app, "b", "d")
    store(app, "c")
    store(app, "d")
    return AsyncResult("a", app=app)


def test_walks(root: AsyncResult[Any]) -> None:
    pairs = [(None, "a"), ("a", "b"), ("a", "c"), ("b", "d")]

    assert list(root.iterdeps()) == pairs
    assert list(root.collect()) == [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")]
    assert root.get_leaf() == "D"


def test_what_has_not_ended(app: Celery) -> None:
    store(app, "a", "b")
    result: AsyncResult[Any] = AsyncResult("a", app=app)

    with pytest.raises(IncompleteStream, match="b"):
        list(result.iterdeps())
    assert [node for _, node in result.iterdeps(intermediate=True)] == ["a", "b"]


def test_graph(root: AsyncResult[Any]) -> None:
    graph = root.graph
    text = io.StringIO()
    graph.to_dot(text)

    assert list(graph) == ["a", "b", "c", "d"]
    assert graph["a"] == ["b", "c"]
    assert (len(graph), "b" in graph, graph.valency_of(root)) == (4, True, 3)
    order = graph.topsort()
    assert order.index("d") < order.index("b") < order.index("a")
    assert list(graph.edges()) == ["a", "b"]
    assert '"a" -> "b" [' in text.getvalue()
    assert repr(graph).splitlines()[0] == "a(3)"
    assert root.graph is graph
