"""Filter of task lists, as a value: conditions, and whether a task meets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from taskhub.web.conditions import STATES, Condition, Subject, holds, is_pattern

__all__ = ("Filter",)


@dataclass(frozen=True)
class Filter:
    """A filter that was understood.

    Args:
        conditions: In the order in which they were written.
        since: Tasks that ended, or were sent, before are left out; seconds since the epoch.
        until: Tasks that ended, or were sent, later are left out.
        hidden: Arguments and texts of errors must not be looked at, since the caller may not
            see them.
    """

    conditions: tuple[Condition, ...] = ()
    since: float | None = None
    until: float | None = None
    hidden: bool = False

    @property
    def text(self) -> str:
        """The filter in one spelling."""
        return " ".join(condition.text for condition in self.conditions)

    @cached_property
    def states(self) -> frozenset[str]:
        """States that it lets through; `failed` takes the dead with it."""
        wanted = {c.value for c in self.of("state") if not c.negated} or set(STATES)
        if "failed" in wanted:
            wanted.add("dead")
        denied = {c.value for c in self.of("state") if c.negated}
        if "failed" in denied:
            denied.add("dead")
        return frozenset(wanted - denied)

    def of(self, key: str) -> Iterator[Condition]:
        """Yield the conditions of one key."""
        return (condition for condition in self.conditions if condition.key == key)

    def exact(self, key: str) -> list[str] | None:
        """Return the only values that a key may have; None: there are patterns, or no condition."""
        values = [condition.value for condition in self.of(key) if not condition.negated]
        if not values or any(is_pattern(value) for value in values):
            return None
        return values

    def only(self, *keys: str) -> bool:
        """Whether it has conditions of these keys at most."""
        return all(condition.key in keys for condition in self.conditions)

    def without(self, *removed: Condition | str) -> Filter:
        """Return it without some conditions, given by themselves or by their keys."""
        left = tuple(c for c in self.conditions if c not in removed and c.key not in removed)
        kept = {condition.key for condition in left}
        return replace(
            self,
            conditions=left,
            since=self.since if "since" in kept else None,
            until=self.until if "until" in kept else None,
        )

    def matches(self, subject: Subject, *, state: bool = True) -> bool:
        """Whether a task meets all conditions.

        Args:
            subject: The task.
            state: Whether its state counts.
        """
        if state and subject.state not in self.states:
            return False
        if subject.at is not None:
            if self.since is not None and subject.at < self.since:
                return False
            if self.until is not None and subject.at > self.until:
                return False
        return all(self._meets(group, subject) for group in self.alternatives)

    @cached_property
    def alternatives(self) -> tuple[tuple[Condition, ...], ...]:
        """Conditions grouped by key and name: one of a group must hold, or none if they exclude."""
        groups: dict[tuple[Any, ...], list[Condition]] = {}
        for number, condition in enumerate(self.conditions):
            if condition.key in ("state", "since", "until"):
                continue
            # Texts and stamps all count; of other keys a task has one value.
            alone = number if condition.key in ("", "stamp") or condition.negated else -1
            place = (condition.key, condition.name, alone)
            groups.setdefault(place, []).append(condition)
        return tuple(map(tuple, groups.values()))

    def _meets(self, group: Iterable[Condition], subject: Subject) -> bool:
        return any(holds(c, subject, self.hidden) != c.negated for c in group)
