"""Where the outcome of a scenario is not Celery's, on purpose: why, and what it is with us.

The same stands in docs/differences.md, in the section on canvases.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Difference(NamedTuple):
    """One scenario that ends otherwise here."""

    why: str
    #: What `get` gives here, {"error": ..., "args": ...} for what it raises; of other scenarios,
    #: the outcome.
    ours: Any


#: Celery turns groups inside a chord's header around.
REVERSED = "the values of a group inside a header keep their order; Celery reverses them"
#: Celery nests the results of the inner group in those of the header.
GATHERED = (
    "a group that ends a part of a header is gathered by a call of its own, so the part has an id"
)
BODY_ID = "a body of several steps tells errbacks the id of the step that could not begin, not of its last"
CHORD_ERROR = (
    "tasks of a group that is a body end with ChordError, as any body does, not with its cause"
)
HANGS = "Celery's result never becomes ready"
CHUNKS = "chunks inside a canvas are the group they stand for; Celery's value is the tuple of ids of a group"
STAMPED_BODY = "stamps that are given without a visitor are written on bodies, too"
IGNORED = "waiting for a result that is not stored is over at once, in a canvas, too"
COPIES = "a copy equals what it was copied from, also after pickle and JSON; Celery's may not"
REPR = "members of groups are shown as a list, whatever they were given in"
KIND = "map, starmap and chunks are signatures of their own kind after JSON, too"
LAZY = "two members of a generator are read to know whether they are several; Celery reads them all"
APPENDED = (
    "values of calls that were added to a chord come last; Celery puts them beside that of the call that added them, "
    "before or behind it as their ids happen to sort"
)

BOOM = {"error": "ValueError", "args": ["boom"]}
BOOM_1 = {"error": "ValueError", "args": ["boom", 1]}
NESTED = {"error": "ChordError", "args": ["Dependency t4 raised ValueError('boom')"]}


def _refused(text: str) -> dict[str, Any]:
    return {"raises": {"error": "TypeError", "args": [text]}}


def _map(name: str, kind: str, it: list[Any], task: str, **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"args": [], "kwargs": {}, "options": {}, "subtask_type": None}
    call = {"task": task, **empty, "immutable": False}
    return {
        "task": name,
        **empty,
        "kwargs": {"task": call, "it": it, **more},
        "subtask_type": kind,
        "immutable": True,
    }


DIFFERENCES: dict[str, Difference] = {
    "chains: with chunks at the end": Difference(CHUNKS, [[3, 7], [11]]),
    "chains: ignored result at the end": Difference(IGNORED, None),
    "chains: many times the same": Difference(
        "every time a chain is sent it has new ids; in Celery the second call has those of the first",
        [4, 4, True],
    ),
    "chains: cloned with arguments": Difference(
        "a chain keeps the arguments it was cloned with", 8
    ),
    "groups: chunks": Difference(CHUNKS, [[0, 2], [4, 6], [8]]),
    "groups: of strings": Difference(
        "a canvas of something else than signatures is refused with a clear text",
        _refused("A canvas consists of signatures, as task.s() makes them, not of 'a'"),
    ),
    "groups: of dictionaries": Difference(
        "a list of signatures that were JSON is a group, too", [1, 2]
    ),
    "chords: body is a chain that ends in a group": Difference(
        "the members of a group name the group that the result shows", [4, 5]
    ),
    "chords: header of a group and a task": Difference(REVERSED, [[[1, 2, 5]], {}]),
    "chords: header of a task and a group": Difference(REVERSED, [[[5, 1, 2]], {}]),
    "chords: header of groups": Difference(REVERSED, [[[1, 2, 3, 4]], {}]),
    "chords: header of groups in groups": Difference(REVERSED, [[[1, 2, 3, 4]], {}]),
    "chords: header of a chain that ends in a group": Difference(GATHERED, [[[[2, 3]]], {}]),
    "chords: header of a chain that ends in a group, and a task": Difference(
        GATHERED + "; Celery sometimes fails with a join error", [[[[2, 3], 5]], {}]
    ),
    "chords: header of a task, and a chain that ends in a group": Difference(
        GATHERED, [[[5, [2, 3]]], {}]
    ),
    "chords: header of a chord with a group as body": Difference(GATHERED, [[[[3, 3], 5]], {}]),
    "chords: extended by its header": Difference(APPENDED, 104),
    "chords: body with ignored result": Difference(IGNORED, None),
    "chords: without a body": Difference(
        "a clear text", _refused("A chord needs a body: chord(header, body) or chord(header)(body)")
    ),
    "upgrades: group | group | group": Difference(
        "a group behind a group is given all its values; Celery runs the last group once per value",
        [6, 6],
    ),
    "upgrades: group of groups | task": Difference(REVERSED, [[[1, 2, 1, 2]], {}]),
    "upgrades: task | group of groups | task": Difference(REVERSED, [[[2, 3, 4]], {}]),
    "upgrades: chain of something else": Difference(
        "a clear text",
        _refused("A canvas consists of signatures, as task.s() makes them, not of 5"),
    ),
    "upgrades: types": Difference("an empty group adds nothing: what is left is the task", None),
    "callbacks: errback that is a chain": Difference("it runs; Celery forgets it", BOOM),
    "callbacks: new errback of a chord, header fails": Difference(
        "errbacks of bodies get the body's request and a traceback; Celery knows only its id", BOOM
    ),
    "callbacks: errback of a chain as body, header fails": Difference(BODY_ID, BOOM),
    "callbacks: errback of a chord with a chain as body, header fails": Difference(BODY_ID, BOOM),
    "callbacks: errback of a chord with a group as body, header fails": Difference(
        CHORD_ERROR, BOOM
    ),
    "callbacks: errback of a chord with a chord in its header that fails": Difference(
        "the outer body ends, too, and its errback runs; in Celery it stays PENDING", NESTED
    ),
    "callbacks: errback of a chord with a chord as body, header fails": Difference(
        "the errback runs; Celery's body stays PENDING", BOOM
    ),
    "callbacks: chord with a group as body called with an errback": Difference(CHORD_ERROR, BOOM),
    "callbacks: with chords' headers, group as body": Difference(CHORD_ERROR, BOOM_1),
    "failures: before a group": Difference(HANGS, BOOM),
    "failures: header, ignored": Difference(
        HANGS + ": a part that raised Ignore is None here", [[[1, None]], {}]
    ),
    "failures: header, first of a chain that ends in a group": Difference(HANGS, BOOM),
    "failures: header, group at the end of a chain": Difference(
        GATHERED, {"error": "ChordError", "args": ["Dependency t5 raised ValueError('boom', 1)"]}
    ),
    "failures: header, nested group": Difference(REVERSED, BOOM),
    "failures: header, chord's header three deep": Difference(
        HANGS,
        {
            "error": "ChordError",
            "args": [
                "Dependency t4 raised ChordError(\"Dependency t6 raised ValueError('boom')\")"
            ],
        },
    ),
    "failures: header, then a group": Difference(CHORD_ERROR, BOOM),
    "failures: chunk": Difference(CHUNKS, BOOM_1),
    "failures: soft limit above the hard one": Difference(
        "refused at the call, as for a task with such limits",
        {
            "raises": {
                "error": "ValueError",
                "args": ["soft_time_limit must be less than or equal to time_limit"],
            }
        },
    ),
    "failures: expired in a chain": Difference(
        "the steps behind one that expired end, too; in Celery they stay PENDING",
        {"error": "TaskRevokedError", "args": ["expired"]},
    ),
    "replacing: extends its chord": Difference(APPENDED, 206),
    "long: extending its chord at the end": Difference(APPENDED, 180),
    "stamps: a chord stamped with headers": Difference(STAMPED_BODY, 3),
    "stamps: a chain with a chord stamped with headers": Difference(STAMPED_BODY, 5),
    "stamps: a nested chord stamped with headers": Difference(STAMPED_BODY, 4),
    "results: frozen chain with a chord": Difference(
        "freezing and sending give the same tree", [True, True, 5, 5, "SUCCESS"]
    ),
    "results: eager chunks": Difference(CHUNKS, ["GroupResult", [[3], [7]], True]),
    "signatures: partial of a chain": Difference(
        "a chain keeps the arguments it was cloned with", 6
    ),
    "signatures: types from JSON": Difference(KIND, None),
    "signatures: JSON of map": Difference(KIND, _map("celery.map", "xmap", [1, 2], "same")),
    "signatures: JSON of starmap": Difference(
        KIND, _map("celery.starmap", "xstarmap", [[1, 2]], "add")
    ),
    "signatures: JSON of chunks": Difference(
        KIND, _map("celery.chunks", "chunks", [[1, 2], [3, 4]], "add", n=1)
    ),
    "signatures: JSON of chunks group": Difference(KIND, None),
    "signatures: repr of group": Difference(REPR, "group([add(1, 2), add(3, 4)])"),
    "signatures: repr of nested group": Difference(REPR, "group([add(1, 2), group([add(3, 4)])])"),
    "signatures: repr of long group": Difference(
        "showing a group does not read its generator", "group(<not read yet>)"
    ),
    "chords: lazy group in a chain": Difference(LAZY, [2, 3, 3]),
    "chords: lazy group behind a task": Difference(LAZY, [2, 3, [0, 1, 2]]),
    "signatures: repr of chunks group": Difference(
        REPR, "group([[add(*x) for x in [(1, 2), (3, 4)]], [add(*x) for x in [(5, 6)]]])"
    ),
    "signatures: repr of group | task": Difference(REPR, "%total([add(1, 2), add(3, 4)])"),
    "signatures: repr of task | group": Difference(REPR, "same(1) | group([add(2), add(3)])"),
    "signatures: repr of task | group | task": Difference(
        REPR, "same(1) | %total([add(2), add(3)])"
    ),
    "signatures: copies of group": Difference(COPIES, ["group", True, True, True]),
    "signatures: copies of nested group": Difference(COPIES, ["group", True, True, True]),
    "signatures: copies of group | task": Difference(COPIES, ["chord", True, True, True]),
    "signatures: copies of task | group": Difference(COPIES, ["chain", True, True, True]),
    "signatures: copies of task | group | task": Difference(COPIES, ["chain", True, True, True]),
    "signatures: copies of map": Difference(KIND, ["xmap", True, True, True]),
    "signatures: copies of starmap": Difference(KIND, ["xstarmap", True, True, False]),
    "signatures: copies of chunks": Difference(KIND, ["chunks", True, True, False]),
    "signatures: copies of chunks group": Difference(COPIES, ["group", True, True, False]),
}
