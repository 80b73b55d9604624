"""Says whether two outcomes of a scenario agree, up to what Celery leaves to chance or does in its own way.

Each rule is one such way: it takes both outcomes and makes them alike where only that way is
between them. What a rule allows stands in docs/differences.md, too.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

Outcome = dict[str, Any]
Run = dict[str, Any]

#: A description of what an error of encoding says, in Celery's words or in ours.
_ENCODE_ERROR = re.compile(r"raised EncodeError\(.*\)", re.DOTALL)


def agree(celery: Any, ours: Any) -> bool:
    """Return whether the outcome with Celery and ours agree."""
    if celery == ours:
        return True
    celery, ours = _without_texts(celery), _without_texts(ours)
    if not (_is_graph(celery) and _is_graph(ours)):
        return bool(celery == ours)
    celery, ours = copy.deepcopy(celery), copy.deepcopy(ours)
    pairs = list(_pairs(celery["runs"], ours["runs"]))
    for rule in _RULES:
        rule(celery, ours, pairs)
    return _sorted(celery) == _sorted(ours)


def _is_graph(outcome: Any) -> bool:
    return isinstance(outcome, dict) and "runs" in outcome


def _sorted(outcome: Outcome) -> Outcome:
    return {**outcome, "runs": sorted(json.dumps(run, sort_keys=True) for run in outcome["runs"])}


def _key(run: Run) -> str:
    names = ("name", "args", "id", "retries", "parent", "group_index")
    return json.dumps([run[name] for name in names])


def _pairs(celery: list[Run], ours: list[Run]) -> Iterator[tuple[Run, Run]]:
    """Yield the runs of the same call on both sides; none if they did not run the same calls."""
    for width in (6, 5, 4):
        keys = [
            [json.dumps(json.loads(_key(run))[:width]) for run in runs] for runs in (celery, ours)
        ]
        if Counter(keys[0]) == Counter(keys[1]):
            sides = [
                [run for _, run in sorted(zip(found, runs, strict=True), key=lambda item: item[0])]
                for found, runs in zip(keys, (celery, ours), strict=True)
            ]
            yield from zip(*sides, strict=True)
            return


def _without_texts(value: Any) -> Any:
    """An EncodeError says in other words what cannot be encoded."""
    if isinstance(value, dict):
        if value.get("error") == "EncodeError":
            return {"error": "EncodeError"}
        return {name: _without_texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_texts(item) for item in value]
    return _ENCODE_ERROR.sub("raised EncodeError", value) if isinstance(value, str) else value


def _retries_are_not_their_own_parents(
    celery: Outcome, ours: Outcome, pairs: list[tuple[Run, Run]]
) -> None:
    for theirs, mine in pairs:
        if theirs["retries"] and theirs["parent"] == theirs["id"]:
            theirs["parent"] = mine["parent"]


def _lineage_of_bodies(celery: Outcome, ours: Outcome, pairs: list[tuple[Run, Run]]) -> None:
    """A body's parent is in Celery the part that came last, here the last of the header; its root is that one's."""
    sides = [{run["id"]: run for run in outcome["runs"]} for outcome in (celery, ours)]
    for theirs, mine in pairs:
        parents = [side.get(run["parent"]) for side, run in zip(sides, (theirs, mine), strict=True)]
        roots = [
            run["root"] if parent is None else parent["root"]
            for run, parent in zip((theirs, mine), parents, strict=True)
        ]
        inherited = [theirs["root"], mine["root"]] == roots
        if theirs["parent"] != mine["parent"] and None not in parents:
            groups = {parent["group"] for parent in parents if parent is not None}
            if len(groups) == 1 and None not in groups and inherited:
                theirs["_parent"] = mine["_parent"] = "in the header"
        elif theirs["parent"] != mine["parent"] and not any(parents):
            # Parts that are tasks of the library's own, which record nothing.
            if theirs["group_index"] is None and theirs["group"] == mine["group"] is not None:
                theirs["_parent"] = mine["_parent"] = "in the header"
        elif theirs["parent"] == mine["parent"] and inherited:
            theirs["_root"] = mine["_root"] = "inherited"
    for theirs, mine in pairs:
        if theirs.pop("_parent", None) and mine.pop("_parent", None):
            theirs["parent"], theirs["root"] = mine["parent"], mine["root"]
        if theirs.pop("_root", None) and mine.pop("_root", None):
            theirs["root"] = mine["root"]


def _indices_of_nested_groups(celery: Outcome, ours: Outcome, pairs: list[tuple[Run, Run]]) -> None:
    """Celery counts anew in a group that is in a group; here every member has an index of its own."""
    taken = Counter(
        (theirs["group"], theirs["group_index"]) for theirs, _ in pairs if not theirs["retries"]
    )
    groups = {group for (group, _), count in taken.items() if count > 1}
    for theirs, mine in pairs:
        if theirs["group"] in groups:
            theirs["group_index"] = mine["group_index"]


def _groups_of_callbacks(celery: Outcome, ours: Outcome, pairs: list[tuple[Run, Run]]) -> None:
    """Celery sends callbacks as a group that nobody knows."""
    for theirs, mine in pairs:
        if theirs["group"] == "a group" and mine["group"] is None:
            theirs["group"], theirs["group_index"] = None, mine["group_index"]


def _groups_of_bodies(celery: Outcome, ours: Outcome, pairs: list[tuple[Run, Run]]) -> None:
    """Celery names the header's group in a body, but in which step, and of which header, depends."""
    for theirs, mine in pairs:
        if theirs["group_index"] is None and mine["group_index"] is None:
            theirs["group"] = mine["group"]


def _members_of_group_bodies(celery: Outcome, ours: Outcome, pairs: list[tuple[Run, Run]]) -> None:
    """A group of which the result tells nothing has no name to compare."""
    for theirs, mine in pairs:
        if "a group" in (theirs["group"], mine["group"]) and theirs["group_index"] is not None:
            theirs["group"] = mine["group"]


def _requests_of_errbacks(celery: Outcome, ours: Outcome, pairs: list[tuple[Run, Run]]) -> None:
    """When a header has failed, errbacks are told about the body: Celery knows only its id then."""
    ran = {run["id"] for run in celery["runs"]}
    for theirs, mine in pairs:
        if theirs["name"].startswith("new_errback") and theirs["root"] is None:
            theirs.update(
                {name: mine[name] for name in ("root", "parent", "group", "group_index", "args")}
            )
        elif theirs["root"] == theirs["parent"] and theirs["parent"] not in ran:
            theirs["root"] = mine["root"]


def _calls_that_never_run(celery: Outcome, ours: Outcome, pairs: list[tuple[Run, Run]]) -> None:
    """After a failure Celery leaves some of the calls that will never run PENDING; here all are FAILURE."""
    if not any(state == "FAILURE" for _, state, _ in celery["states"]):
        return
    ended = {task_id: [state, value] for task_id, state, value in ours["states"]}
    for entry in celery["states"]:
        mine = ended.get(entry[0])
        if entry[1] == "PENDING" and mine is not None and mine[0] == "FAILURE":
            entry[1:] = mine


_RULES: tuple[Callable[[Outcome, Outcome, list[tuple[Run, Run]]], None], ...] = (
    _retries_are_not_their_own_parents,
    _indices_of_nested_groups,
    _groups_of_callbacks,
    _members_of_group_bodies,
    _groups_of_bodies,
    _lineage_of_bodies,
    _requests_of_errbacks,
    _calls_that_never_run,
)
