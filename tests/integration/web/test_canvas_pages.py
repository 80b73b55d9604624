"""How the API draws canvases, before and after they have run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskhub import Celery, chain, chord, group
from tests.integration.web.conftest import Client, ask
from tests.support.workers import until


def shape(node: Any) -> Any:
    """Return a canvas in few words."""
    match node["kind"] if node is not None else None:
        case None:
            return None
        case "task":
            return node["state"]
        case "chain":
            return [shape(step) for step in node["steps"]]
        case "group":
            return {"group": [shape(member) for member in node["members"]]}
        case _:
            return {"chord": shape(node["header"]), "body": shape(node["body"])}


@pytest.mark.usefixtures("worker")
def test_a_canvas_is_drawn_before_and_after_it_has_run(client: Client, shop: Celery) -> None:
    def add(*args: int, **options: Any) -> Any:
        return shop.signature("shop.add", args=args, app=shop, **options)

    total = shop.signature("shop.total", app=shop)
    canvas = chain(add(1), chord([add(2), add(3)], total), add(4))
    later = canvas.apply_async(countdown=600)
    first = later
    while first.parent:
        first = first.parent
    drawn = ask(client, f"tasks/{first.id}/canvas")
    assert shape(drawn["node"]) == [
        "delayed",
        {"chord": {"group": ["waiting", "waiting"]}, "body": "waiting"},
        "waiting",
    ]
    assert drawn["counts"] == {"delayed": 1, "waiting": 4}
    assert drawn["node"]["steps"][0]["own"]
    shop.control.revoke(first.id)
    done = canvas.apply_async()
    assert done.get(timeout=30) == 11
    first = done
    while first.parent:
        first = first.parent

    def all_drawn() -> Any:
        found = ask(client, f"tasks/{first.id}/canvas")
        return found if found["counts"] == {"succeeded": 5} else None

    drawn = until(all_drawn, "all tasks to be drawn")
    chorded = {"chord": {"group": ["succeeded", "succeeded"]}, "body": "succeeded"}
    assert shape(drawn["node"]) == ["succeeded", chorded, "succeeded"]
    assert shape(ask(client, f"tasks/{done.id}/canvas")["node"]) == shape(drawn["node"])
    assert client.get("/api/v1/tasks/none/canvas").status_code == 404


@pytest.mark.usefixtures("worker")
def test_a_canvas_that_begins_with_a_group_is_drawn_from_each_of_its_tasks(
    client: Client, shop: Celery
) -> None:
    """Each member of its header is a root: none of them names the others."""

    def add(*args: int, **options: Any) -> Any:
        return shop.signature("shop.add", args=args, app=shop, **options)

    total = shop.signature("shop.total", app=shop)
    chorded = chord([add(2), chain(add(3), add(4))], total) | add(5)
    later = chorded.apply_async(countdown=600)
    waiting = later.parent
    drawn = ask(client, f"tasks/{waiting.results[0].id}/canvas")
    # The store keeps the body for itself until the header has ended, and orders by id what is due in
    # the same millisecond.
    drawn_shape = shape(drawn["node"])
    assert sorted(drawn_shape["chord"].pop("group"), key=str) == [["delayed", "waiting"], "delayed"]
    assert drawn_shape == {"chord": {}, "body": None}
    assert not drawn["complete"]
    for result in waiting.results:
        shop.control.revoke([each.id for each in (result, result.parent) if each])

    done = chorded.apply_async()
    assert done.get(timeout=30) == 14
    whole = [{"chord": {"group": ["succeeded", ["succeeded"] * 2]}, "body": "succeeded"}]
    whole.append("succeeded")
    header = done.parent
    for task_id in (done.id, header[0].id, header[1].id, header[1].parent.id):

        def is_whole(task_id: str = task_id) -> bool:
            drawn = ask(client, f"tasks/{task_id}/canvas")
            own = json.dumps(drawn["node"]).count('"own": true')
            return shape(drawn["node"]) == whole and own == 1

        until(is_whole, f"the canvas to be drawn from {task_id}")
    members = group([add(1), add(2)]).apply_async()
    assert members.get(timeout=30) == [1, 2]
    drawn = ask(client, f"tasks/{members[1].id}/canvas")
    assert shape(drawn["node"]) == {"group": ["succeeded", "succeeded"]}
