"""What is asked of the workers: canvases of every shape as plain values, drawn from a seed, and their signatures."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

#: What a call does when it runs. `dies` is killed on its first delivery, as by the kernel when
#: memory runs out.
WORKS, RETRIES, FAILS, EXHAUSTS = "works", "retries", "fails", "exhausts"
REPLACED, REPLACED_BY_CHAIN, REPLACED_BY_GROUP = (
    "replaced",
    "replaced_by_chain",
    "replaced_by_group",
)
DIES, RUNS_OUT_OF_MEMORY = "dies", "runs_out_of_memory"
#: Returns more than the store takes.
RETURNS_TOO_MUCH = "returns_too_much"

#: The queue of the calls that fill their process's memory.
MEMORY_QUEUE = "memory"
#: How much memory a process may take beyond what it has when it starts, bytes; unset: as much as it
#: likes.
MEMORY_VARIABLE = "TASKHUB_CHAOS_MEMORY"


class Call(NamedTuple):
    """One task call. Its label is unique in a workload: it stands for the call in every record."""

    label: str
    act: str = WORKS
    #: How often it is retried.
    retries: int = 0
    #: How long its body takes, and how long it waits before it is due, seconds.
    seconds: float = 0.0
    countdown: float = 0.0
    callbacks: tuple[Call, ...] = ()
    errbacks: tuple[str, ...] = ()


class Chain(NamedTuple):
    """Steps one after the other."""

    steps: tuple[Node, ...]


class Group(NamedTuple):
    """Members at the same time."""

    members: tuple[Node, ...]


class Chord(NamedTuple):
    """A header, and a body for its values: a call, a chain or a group."""

    header: tuple[Node, ...]
    body: Node


Node = Call | Chain | Group | Chord


class Rates(NamedTuple):
    """How likely a call is to be of some kind; the rest works."""

    retries: float = 0.08
    fails: float = 0.05
    exhausts: float = 0.02
    replaced: float = 0.05
    dies: float = 0.0
    out_of_memory: float = 0.0
    returns_too_much: float = 0.0
    #: The share of whole canvases that are one call.
    single: float = 0.25
    delayed: float = 0.05
    #: Takes up to half a second instead of up to 20 ms.
    slow: float = 0.05


def draw(seed: int, rates: Rates, *, canvases: int = 0, calls: int = 0) -> list[Node]:
    """Return so many canvases or more, with so many calls or more; the same seed draws the same ones."""
    generator = _Generator(seed, rates)
    drawn: list[Node] = []
    while len(drawn) < canvases or generator.calls < calls:
        drawn.append(generator.canvas())
    return drawn


class _Generator:
    def __init__(self, seed: int, rates: Rates) -> None:
        self._random = random.Random(seed)
        self._rates = rates
        self.calls = 0

    def canvas(self) -> Node:
        if self._random.random() < self._rates.out_of_memory:
            return Call(self._label(), RUNS_OUT_OF_MEMORY)
        if self._random.random() < self._rates.single:
            return self._call()
        shape = self._random.choice((self._chain, self._group, self._chord, self._chord))
        return shape(2)

    def _part(self, depth: int) -> Node:
        """Return a part of a canvas that ends in one call."""
        if depth == 0 or self._random.random() < 0.7:
            return self._call()
        return self._random.choice((self._chain, self._chord))(depth - 1, ends_in_call=True)

    def _parts(self, depth: int, most: int) -> tuple[Node, ...]:
        return tuple(self._part(depth) for _ in range(self._random.randint(2, most)))

    def _chain(self, depth: int, *, ends_in_call: bool = False) -> Node:
        steps = self._parts(depth, 4)
        if not ends_in_call and self._random.random() < 0.15:
            steps = (*steps, self._group(0))
        return Chain(steps)

    def _group(self, depth: int) -> Node:
        return Group(self._parts(depth, 5))

    def _chord(self, depth: int, *, ends_in_call: bool = False) -> Node:
        header = self._parts(depth, 5)
        draw = self._random.random()
        if draw < 0.2:
            return Chord(header, Chain((self._call(), self._call())))
        if draw < 0.3 and not ends_in_call:
            return Chord(header, Group((self._call(), self._call())))
        return Chord(header, self._call())

    def _call(self) -> Call:
        act = self._act()
        chance = self._random.random
        seconds = 0.0 if chance() < 0.5 else chance() * 0.02
        if chance() < self._rates.slow:
            seconds = 0.1 + chance() * 0.4
        return Call(
            self._label(),
            act,
            self._random.randint(1, 3) if act in (RETRIES, EXHAUSTS) else 0,
            round(seconds, 4),
            round(chance() * 2, 3) if chance() < self._rates.delayed else 0.0,
            tuple(Call(self._label()) for _ in range(1 if chance() < 0.15 else 0)),
            tuple(self._label() for _ in range(1 if chance() < 0.3 else 0)),
        )

    def _act(self) -> str:
        draw = self._random.random()
        rates = self._rates
        replaced = self._random.choice((REPLACED, REPLACED_BY_CHAIN, REPLACED_BY_GROUP))
        for share, act in (
            (rates.retries, RETRIES),
            (rates.fails, FAILS),
            (rates.exhausts, EXHAUSTS),
            (rates.replaced, replaced),
            (rates.dies, DIES),
            (rates.returns_too_much, RETURNS_TOO_MUCH),
        ):
            if draw < share:
                return act
            draw -= share
        return WORKS

    def _label(self) -> str:
        self.calls += 1
        return f"c{self.calls}"


def signature(app: Any, node: Node) -> Any:
    """Return a canvas as a signature of an app."""
    from taskhub.canvas import chain, chord, group

    match node:
        case Call():
            return _call_signature(app, node)
        case Chain(steps):
            return chain(*(signature(app, step) for step in steps))
        case Group(members):
            return group([signature(app, member) for member in members], app=app)
        case Chord(header, body):
            return chord([signature(app, part) for part in header], signature(app, body), app=app)


def _call_signature(app: Any, call: Call) -> Any:
    kwargs = {
        name: value
        for name in ("label", "act", "retries", "seconds")
        if (value := getattr(call, name)) != Call._field_defaults.get(name)
    }
    made = app.signature("step", kwargs=kwargs)
    if call.countdown:
        made.set(countdown=call.countdown)
    if call.act == RUNS_OUT_OF_MEMORY:
        made.set(queue=MEMORY_QUEUE)
    for callback in call.callbacks:
        made.link(_call_signature(app, callback))
    for label in call.errbacks:
        made.link_error(app.signature("rescue", kwargs={"label": label}))
    return made
