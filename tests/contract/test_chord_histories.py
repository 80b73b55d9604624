"""Engines that are given the same random history of a chord must answer the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from taskhub.engine.port.claims import Completion
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rules import EngineRules
from taskhub.exceptions import StoreRefused
from taskhub.outcome import ChordExtension, ChordPage, ChordPart, ChordPlan
from tests.contract.stage import (
    COMPARED,
    ENGINES,
    Clock,
    Servers,
    claim_all,
    ids,
    message,
    outcome,
)

WAIT = 100
LABELS = ("+x", "+y")
BODY = ("one", "two")


class ChordMachine(RuleBasedStateMachine):
    """What becomes of one chord, open or not: its members, its caller, and time."""

    def __init__(self, kind: str, servers: Servers) -> None:
        super().__init__()
        self.servers, self.clock, rules = servers, Clock(), EngineRules()
        self.engines = [ENGINES[name](servers, self.clock, rules) for name in ("memory", kind)]
        #: How many members were sent.
        self.sent = 0
        self.is_open = False
        #: How many messages of the body have used the parts.
        self.left = 0

    def both(self, act: Callable[[Engine], Any]) -> Any:
        """Do the same with both engines, which must answer the same."""
        expected, found = (act(engine) for engine in self.engines)
        assert found == expected
        return found

    @initialize(size=st.integers(0, 3), is_open=st.booleans())
    def begin(self, size: int, is_open: bool) -> None:
        self.sent, self.is_open = (size, True) if is_open else (size + 1, False)
        plan = ChordPlan(
            "chord", 0 if is_open else self.sent, tuple(message(name, "bodies") for name in BODY)
        )
        page = ChordPage("chord", size, WAIT, "lost") if is_open else None
        self.both(lambda engine: engine.enqueue((), chords=[plan], page=page))

    @rule(parts=st.integers(0, 2), wait=st.sampled_from((WAIT, WAIT, None)))
    def send_page(self, parts: int, wait: int | None) -> None:
        def send(engine: Engine) -> bool:
            try:
                engine.enqueue((), page=ChordPage("chord", parts, wait))
            except StoreRefused:
                return False
            return True

        taken = self.both(send)
        assert taken == self.is_open
        if taken:
            self.sent += parts
            self.is_open = wait is not None

    def end(
        self, parts: list[ChordPart], adds: list[str], consumed_chord: str | None = None
    ) -> None:
        extends = tuple(ChordExtension("chord", label) for label in adds)
        end = outcome("giver")._replace(
            parts=tuple(parts), extends=extends, consumed_chord=consumed_chord
        )

        def commit(engine: Engine) -> list[bool]:
            engine.enqueue([message("giver", "givers")])
            (claim,) = claim_all(engine, "w1", "givers")
            return engine.commit("w1", [Completion(claim, end)])

        assert self.both(commit) == [True]

    @precondition(lambda self: self.sent)
    @rule(
        place=st.integers(0, 99) | st.sampled_from(LABELS),
        adds=st.lists(st.sampled_from(LABELS), max_size=2),
        again=st.integers(0, 9),
    )
    def give(self, place: int | str, adds: list[str], again: int) -> None:
        at = place if isinstance(place, str) else place % self.sent
        self.end([ChordPart("chord", at, f"{at} {again}")], adds)

    @precondition(lambda self: self.left < len(BODY) and ids(self.bodies()))
    @rule()
    def use_parts(self) -> None:
        self.end([], [], consumed_chord="chord")
        self.left += 1

    @rule()
    def fail(self) -> None:
        assert self.both(lambda engine: engine.fail_chord("chord", "failed")) == self.is_open
        self.is_open = False

    @rule(pause=st.sampled_from((1, WAIT - 1, WAIT)))
    def reap(self, pause: int) -> None:
        self.clock.advance(pause)
        if self.both(lambda engine: engine.reap_chords()):
            assert self.is_open
            self.is_open = False

    def bodies(self) -> Any:
        return self.both(lambda engine: engine.waiting("bodies", 0, 99))

    def teardown(self) -> None:
        for engine in self.engines:
            engine.close()
        self.servers.flush()

    @invariant()
    def look(self) -> None:
        parts = self.both(lambda engine: engine.chord_parts("chord"))
        published = ids(self.bodies())
        assert published in ([], list(BODY)), "the body is published once, and whole"
        if self.is_open:
            assert (parts, published) == (None, [])
        if parts is not None:
            assert published
            assert len(parts) >= self.sent or parts in ([b"lost"], [b"failed"])


@pytest.mark.parametrize("kind", COMPARED)
def test_engines_answer_the_same(kind: str, servers: Servers) -> None:
    run_state_machine_as_test(
        lambda: ChordMachine(kind, servers),
        settings=settings(
            max_examples=150,
            stateful_step_count=20,
            deadline=None,
            phases=set(Phase) - {Phase.explain},
            suppress_health_check=list(HealthCheck),
        ),
    )
