"""When operators are notified: as values, and as decisions.

They are notified when something gets bad or worse than they know, and when all gets better.
What is better only counts after several checks in a row, so that a number that goes up and down
around its limit makes one mail, not one each time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from taskhub.actors.system.level import LEVELS, Level, worst
from taskhub.actors.system.status import Problem, SystemStatus

__all__ = ("Known", "Notice", "decide")

#: Kinds of notices to operators.
NoticeKind = Literal["worse", "better", "recovered"]


@dataclass(frozen=True)
class Notice:
    """A notice to operators.

    Args:
        id: Identifies it.
        kind: ``worse``; ``better``: what is left is less bad; ``recovered``: nothing is left.
        state: The state of the system now.
        before: The state that they knew of.
        at: When it was found, ISO 8601.
        host: Who found it.
        new: What has become bad or worse.
        left: What was bad before, and still is.
        gone: What is not bad any more, as it was.
    """

    id: str
    kind: NoticeKind
    state: Level
    before: Level
    at: str
    host: str
    new: tuple[Problem, ...] = ()
    left: tuple[Problem, ...] = ()
    gone: tuple[Problem, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `asdict` made."""
        given: dict[str, Any] = dict(values)
        given |= {name: _problems(values[name]) for name in ("new", "left", "gone")}
        return cls(**given)


@dataclass(frozen=True)
class Known:
    """What operators know, or are about to be notified of.

    Args:
        problems: What they know to be bad, by its name, as they were notified.
        better: For how many checks in a row each of those has been less bad.
        pending: A notice that is still to be sent.
    """

    problems: Mapping[str, Problem] = field(default_factory=dict)
    better: Mapping[str, int] = field(default_factory=dict)
    pending: Notice | None = None

    @property
    def state(self) -> Level:
        """The state of the system as they know it."""
        return worst(problem.level for problem in self.problems.values())

    def to_json(self) -> str:
        """Return the form in which it is stored."""
        return json.dumps(
            {
                "problems": [asdict(problem) for problem in self.problems.values()],
                "better": dict(self.better),
                "pending": asdict(self.pending) if self.pending else None,
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ValueError: It is something else.
        """
        try:
            stored = json.loads(text)
            pending = stored["pending"]
            return cls(
                {problem.name: problem for problem in _problems(stored["problems"])},
                {str(name): int(count) for name, count in stored["better"].items()},
                Notice.from_dict(pending) if pending else None,
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not what operators know: {error!r}") from error

    def reported(self) -> Self:
        """Return the same, now that the pending notice was sent."""
        return replace(self, pending=None)


def decide(known: Known, status: SystemStatus, confirm: int = 2) -> Known:
    """Return what operators know after a check; if they have to be notified, that is pending.

    Args:
        known: What they know; nothing of it is pending.
        status: What the check found.
        confirm: So many checks in a row must find that something is better.
    """
    now = {problem.name: problem for problem in status.problems}
    after = dict(known.problems)
    better: dict[str, int] = {}
    new = [problem for name, problem in now.items() if _rank(problem) > _rank(after.get(name))]
    gone: list[Problem] = []
    for name, before in known.problems.items():
        if _rank(now.get(name)) >= _rank(before):
            continue
        count = known.better.get(name, 0) + 1
        if count < confirm:
            better[name] = count
        elif name in now:
            after[name] = now[name]
        else:
            gone.append(after.pop(name))
    after.update({problem.name: problem for problem in new})
    known_after = replace(known, problems=after, better=better)
    state = known_after.state
    if not new and _number(state) >= _number(known.state):
        return known_after
    kind: NoticeKind = "worse" if new else "better" if after else "recovered"
    names = {problem.name for problem in new}
    left = [now.get(name, problem) for name, problem in after.items() if name not in names]
    notice = Notice(
        id=uuid.uuid4().hex,
        kind=kind,
        state=state,
        before=known.state,
        at=status.at.isoformat(timespec="seconds"),
        host=status.host,
        new=_sorted(new),
        left=_sorted(left),
        gone=_sorted(gone),
    )
    return replace(known_after, pending=notice)


def _rank(problem: Problem | None) -> int:
    return 0 if problem is None else _number(problem.level)


def _number(level: Level) -> int:
    return LEVELS.index(level)


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: -_rank(problem)))


def _problems(values: Iterable[Mapping[str, Any]]) -> tuple[Problem, ...]:
    return tuple(Problem(**value) for value in values)
