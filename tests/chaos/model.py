"""What a canvas must come to, whatever breaks: its value or failure, and how often each of its calls is published.

It knows nothing of taskhub: Celery's rules for canvases, in as few words as they take.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.chaos import workload
from tests.chaos.workload import Call, Chain, Chord, Group, Node

#: No call.
NOTHING: Mapping[str, int] = MappingProxyType({})


class Failure(NamedTuple):
    """What `get()` raises: an error of this kind, whose text names one of these calls."""

    kinds: frozenset[str]
    labels: frozenset[str]


#: What `get()` raises when the store refused to write what the task came to: the server's words.
REFUSED = Failure(frozenset({"StoreRefused"}), frozenset({"refused", "sent"}))


class Expected(NamedTuple):
    """The end of a canvas."""

    #: What `get()` returns, or the failure that it raises.
    result: Any
    #: label -> how often the call is published: once, and once more for each retry.
    published: Counter[str]
    #: The labels that are published but whose bodies never run: they were to be given what failed.
    never_begun: frozenset[str] = frozenset()


def value_of(label: str, values: Sequence[Any]) -> str:
    """Return what the call of a label returns: it depends on all that it was given."""
    return hashlib.sha1(json.dumps([label, *values]).encode()).hexdigest()[:12]


def expected(node: Node, *values: Any, refused: Mapping[str, int] = NOTHING) -> Expected:
    """Return what becomes of a canvas that is called with these values.

    Args:
        refused: The calls whose outcomes the store refused to write, by label, and at which of
            their tries, from 0.
    """
    return _Play(refused).expected(node, values)


class _Play:
    def __init__(self, refused: Mapping[str, int]) -> None:
        self._refused = refused

    def expected(self, node: Node, values: Sequence[Any]) -> Expected:
        match node:
            case Call():
                return self._call(node, values)
            case Chain(steps):
                return self._chain(steps, values)
            case Group(members):
                return self._group(members, values)
            case Chord(header, body):
                parts = self._group(header, values)
                return _merged((parts, self._body(body, parts.result)))

    def _call(self, call: Call, values: Sequence[Any]) -> Expected:
        if call.label in self._refused or call.act == workload.RETURNS_TOO_MUCH:
            tries = Counter({call.label: self._refused.get(call.label, 0) + 1})
            return _with_errbacks(Expected(REFUSED, tries), call)
        published = Counter({call.label: call.retries + 1})
        result: Any = value_of(call.label, values)
        first, second = f"{call.label}/1", f"{call.label}/2"
        match call.act:
            case workload.FAILS | workload.EXHAUSTS:
                result = _failure("ValueError", call.label)
            case workload.RUNS_OUT_OF_MEMORY:
                result = _failure("MemoryError", call.label)
            case workload.REPLACED:
                result = self._replaced(Call(first), values, published)
            case workload.REPLACED_BY_CHAIN:
                result = self._replaced(Chain((Call(first), Call(second))), values, published)
            case workload.REPLACED_BY_GROUP:
                members = Group((Call(first), Call(second)))
                result = self._replaced(members, values, published)
                if isinstance(result, Failure):
                    result = result._replace(kinds=result.kinds | {"ChordError"})
        own = Expected(result, published)
        if isinstance(result, Failure):
            return _with_errbacks(own, call)
        return _merged((*(self._call(callback, (result,)) for callback in call.callbacks), own))

    def _replaced(self, by: Node, values: Sequence[Any], published: Counter[str]) -> Any:
        """Count what takes the place of a call as published; return what it comes to."""
        ended = self.expected(by, values)
        published.update(ended.published)
        return ended.result

    def _chain(self, steps: Iterable[Node], values: Sequence[Any]) -> Expected:
        done: list[Expected] = []
        for step in steps:
            ended = self.expected(step, values)
            done.append(ended)
            if isinstance(ended.result, Failure):
                break
            values = (ended.result,)
        return _merged(done)

    def _group(self, members: Iterable[Node], values: Sequence[Any]) -> Expected:
        ended = [self.expected(member, values) for member in members]
        results = [one.result for one in ended]
        failures = [result for result in results if isinstance(result, Failure)]
        merged = _merged(ended)
        if not failures:
            return merged._replace(result=results)
        kinds = frozenset().union(*(failure.kinds for failure in failures))
        labels = frozenset().union(*(failure.labels for failure in failures))
        return merged._replace(result=Failure(kinds, labels))

    def _body(self, body: Node, parts: Any) -> Expected:
        """Return what becomes of a body that is given the values of its header, or its failure."""
        if not isinstance(parts, Failure):
            return self.expected(body, (parts,))
        # `get()` looks at what came before first, and raises the error of the header's own call if
        # it finds it there.
        failure = Failure(parts.kinds | {"ChordError"}, parts.labels)
        match body:
            case Call():
                published = Counter({body.label: 1})
                if body.label in self._refused:
                    failure = _either(failure, REFUSED)
                own = Expected(failure, published, frozenset({body.label}))
                return _with_errbacks(own, body)
            case Chain(steps):
                return self._body(steps[0], parts)
            case Group(members):
                return _merged(self._body(member, parts) for member in members)
            case Chord():
                raise NotImplementedError("no workload has a chord as a body")


def _with_errbacks(ended: Expected, call: Call) -> Expected:
    return ended._replace(published=ended.published + Counter(call.errbacks))


def _either(one: Failure, other: Failure) -> Failure:
    return Failure(one.kinds | other.kinds, one.labels | other.labels)


def _failure(kind: str, label: str) -> Failure:
    return Failure(frozenset({kind}), frozenset({label}))


def _merged(parts: Iterable[Expected]) -> Expected:
    """Return the parts as one that ends as the last of them."""
    parts = list(parts)
    published: Counter[str] = Counter()
    for part in parts:
        published.update(part.published)
    never_begun = frozenset().union(*(part.never_begun for part in parts))
    return Expected(parts[-1].result, published, never_begun)
