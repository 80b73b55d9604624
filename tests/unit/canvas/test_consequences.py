"""Messages that a canvas and its outcomes publish, for canvases of every shape and any order.

The canvases and what must become of them are those of the chaos tests; but here nothing is stored
and nobody waits, so that a canvas that goes wrong is found, and cut down to the smallest, in
seconds.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from taskhub.app import stores
from taskhub.app.app import Celery
from taskhub.canvas import Signature, chain, chord, group
from taskhub.canvas.chain_continuation import CARRIED_LINKS
from tests.chaos import audit, workload
from tests.chaos.model import expected, value_of
from tests.chaos.workload import Call, Chain, Chord, Group, Node, signature
from tests.unit.canvas.simulation import Dicts, Play

# A call that is replaced by a group in a chord gives that chord its errbacks.
pytestmark = pytest.mark.filterwarnings("ignore:errbacks of a chord")

ACTS = {
    workload.WORKS: 0,
    workload.FAILS: 0,
    workload.RETRIES: 2,
    workload.EXHAUSTS: 1,
    workload.REPLACED: 0,
    workload.REPLACED_BY_CHAIN: 0,
    workload.REPLACED_BY_GROUP: 0,
}


def call(act: str, callbacks: int, errbacks: int) -> Call:
    """Return a call without labels."""
    return Call("", act, ACTS[act], 0.0, 0.0, (Call(""),) * callbacks, ("",) * errbacks)


# Most calls work: else nothing but the first steps of canvases would ever run.
_acts = st.sampled_from([workload.WORKS] * 6 + list(ACTS))
calls = st.builds(call, _acts, st.integers(0, 1), st.integers(0, 2))
#: What ends in one call, as the parts of chords do in the model.
parts = st.recursive(
    calls,
    lambda inner: st.one_of(
        st.builds(Chain, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Chord, st.lists(inner, min_size=2, max_size=3).map(tuple), calls),
    ),
    max_leaves=8,
)
several = st.lists(parts, min_size=2, max_size=3).map(tuple)
#: Chains of which a part is stored.
long_chains = st.builds(
    Chain,
    st.lists(calls, min_size=CARRIED_LINKS + 1, max_size=2 * CARRIED_LINKS + 3).map(tuple),
)
groups = st.builds(Group, st.lists(calls, min_size=2, max_size=3).map(tuple))
bodies = st.one_of(calls, groups, st.builds(Chain, st.tuples(calls, calls)))
canvases = st.one_of(
    parts,
    st.builds(Group, several),
    st.builds(Chain, st.tuples(parts, parts, groups)),
    st.builds(Chord, several, bodies),
    long_chains,
)


class Labels:
    """Gives every call of a canvas a label of its own."""

    def __init__(self) -> None:
        self._count = 0

    def next(self) -> str:
        """Return the next label."""
        self._count += 1
        return f"c{self._count}"

    def on(self, node: Any) -> Any:
        """Return a canvas with labels."""
        match node:
            case Call():
                return node._replace(
                    label=self.next(),
                    callbacks=tuple(map(self.on, node.callbacks)),
                    errbacks=tuple(self.next() for _ in node.errbacks),
                )
            case Chord(header, body):
                return Chord(tuple(map(self.on, header)), self.on(body))
        return type(node)(tuple(map(self.on, node[0])))


@pytest.fixture(scope="module")
def app() -> Any:
    """An app whose store can only be looked at."""
    with pytest.MonkeyPatch.context() as patched:
        store = Dicts()
        patched.setattr(stores, "make_engine", lambda _conf: store)
        app = Celery("play", broker="memory://", set_as_current=False)
        declare(app)
        assert app.engine is store
        yield app


def declare(app: Celery) -> None:
    """Declare the tasks of the model, without clocks, kills and notes."""

    @app.task(name="step", bind=True, max_retries=None, shared=False)
    def step(
        self: Any, *values: Any, label: str, act: str = workload.WORKS, retries: int = 0
    ) -> Any:
        match act:
            case workload.RETRIES if self.request.retries < retries:
                raise self.retry(exc=ValueError(label), countdown=1)
            case workload.EXHAUSTS:
                raise self.retry(exc=ValueError(label), max_retries=retries)
            case workload.FAILS:
                raise ValueError(label)
            case workload.REPLACED:
                raise self.replace(step.s(*values, label=f"{label}/1"))
            case workload.REPLACED_BY_CHAIN:
                both = step.s(*values, label=f"{label}/1"), step.s(label=f"{label}/2")
                raise self.replace(chain(*both))
            case workload.REPLACED_BY_GROUP:
                raise self.replace(group(step.s(*values, label=f"{label}/{n}") for n in (1, 2)))
        return value_of(label, values)

    @app.task(name="rescue", shared=False)
    def rescue(failed: str, *, label: str) -> str:
        return value_of(label, ())

    @app.task(name="adding", bind=True, shared=False)
    def adding(self: Any, label: str, more: int) -> str:
        for number in range(more):
            self.add_to_chord(adding.s(f"{label}{number}", more - 1))
        return label

    @app.task(name="gather", shared=False)
    def gather(values: list[str]) -> list[str]:
        return values


#: To explain a failure takes longer than to read it.
PHASES = tuple(phase for phase in Phase if phase is not Phase.explain)


@settings(
    max_examples=60,
    deadline=None,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    canvas=canvases,
    seed=st.integers(0, 2**32),
    lost=st.sampled_from([0.0, 0.3]),
    as_json=st.booleans(),
)
def test_every_call_follows_once(
    app: Celery, canvas: Node, seed: int, lost: float, as_json: bool
) -> None:
    canvas = Labels().on(canvas)
    sent = signature(app, canvas)
    if as_json:
        sent = Signature.from_dict(json.loads(json.dumps(sent)), app=app)
    play = Play(app, app.engine, Random(seed))  # type: ignore[arg-type]
    result = play.send(sent)
    play.run(lost)
    end = expected(canvas)
    assert audit.wrong_result(end.result, play.came_to(result)) is None
    assert play.published == end.published
    assert play.begun.isdisjoint(end.never_begun)
    assert play.left() == []


@settings(max_examples=20, deadline=None, phases=PHASES)
@given(seed=st.integers(0, 2**32), more=st.integers(0, 3), parts=st.integers(1, 3))
def test_what_is_added_to_a_chord_counts_once(
    app: Celery, seed: int, more: int, parts: int
) -> None:
    adding, gather = app.tasks["adding"], app.tasks["gather"]
    header = [adding.s(f"p{number}-", more) for number in range(parts)]
    play = Play(app, app.engine, Random(seed))  # type: ignore[arg-type]
    result = play.send(chord(header, gather.s()))
    play.run(lost=0.3)

    def labels(label: str, more: int) -> list[str]:
        below = [labels(f"{label}{number}", more - 1) for number in range(more)]
        return [label, *(name for names in below for name in names)]

    wanted = [name for number in range(parts) for name in labels(f"p{number}-", more)]
    values = play.came_to(result)
    assert values[:parts] == [f"p{number}-" for number in range(parts)]
    assert sorted(values) == sorted(wanted)
    assert play.left() == []
