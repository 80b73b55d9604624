"""One call of the engine, made again and again while its server refuses something else each time.

What must hold: a call that raises `OperationalError` has written nothing, and made once more it
comes to what it comes to undisturbed; a call that does not raise has written everything, but for
counts, events and notifications.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from taskhub.engine.redis.engine import RedisEngine
from taskhub.exceptions import OperationalError
from tests.chaos import contents
from tests.chaos.contents import MAY_LACK, MAY_STAY, NS, Contents, differences, ranked
from tests.chaos.scenarios.registry import Act, PartlyRefusedError, Scenario
from tests.contract.stage import Clock
from tests.support.refusals import Call, Refusal, Refusals

#: No call may take longer, seconds.
HANGS = 5.0
#: What a call made once more may leave otherwise: what was drawn or announced the first time.
DRAWN = (
    *(f"{NS}:sequence", f"{NS}:queues", f"{NS}:notifier:", f"{NS}:producer:"),
    f"{NS}:schedule:version:",
    *(f"{NS}:receivers:", f"{NS}:receiving"),
)


class Examination:
    """A scenario on an engine.

    Args:
        engine: Whose store is emptied for each call.
        clients: A connection of redis-py to each db, by number; 0 is that of the messages.
    """

    def __init__(
        self, scenario: Scenario, engine: RedisEngine, clock: Clock, clients: dict[int, Any]
    ) -> None:
        self.refusals = Refusals(clients[0])
        self._scenario = scenario
        self._engine = engine
        self._clock = clock
        self._began = clock.now
        self.clients = clients
        act = self.prepare()
        self.refusals.watch()
        #: What it returns, what it does, and what it leaves, undisturbed.
        self.value = act()
        self.calls: list[Call] = self.refusals.calls()
        self.end = self.read()

    def prepare(self) -> Act:
        """Bring about the state before the call, and return the call."""
        self.clients[0].flushall()
        self._clock.now = self._began
        return self._scenario(self._engine, self._clock)

    def read(self) -> Contents:
        """Return what the store holds."""
        return contents.read(self.clients, self._clock.now)

    def refused(self, refusal: Refusal) -> list[str]:
        """Refuse commands inside of scripts; return what is wrong then."""

        @contextlib.contextmanager
        def refusing() -> Iterator[None]:
            self.refusals.begin(refusal)
            try:
                yield
            finally:
                self.refusals.end()

        return [f"{refusal}: {line}" for line in self.disturbed(refusing)]

    def disturbed(
        self, disturbance: Callable[[], contextlib.AbstractContextManager[None]]
    ) -> list[str]:
        """Make the call under a disturbance, which ends with it; return what is wrong then."""
        made = self.prepare()
        before = self.read()
        began = time.monotonic()
        value = error = None
        with disturbance():
            try:
                value = made()
            except OperationalError as refused:
                error = refused
            except PartlyRefusedError:
                return list(self.in_one_place(before, self.read()))
        problems = []
        if time.monotonic() - began > HANGS:
            problems.append(f"it took {time.monotonic() - began:.1f} s")
        after = self.read()
        if error is None:
            if value != self.value:
                problems.append(f"it returned {value!r} instead of {self.value!r}")
            return [*problems, *self.is_served(after)]
        reason = f"half applied, with {error}"
        kept = (contents.without(before, *MAY_STAY), contents.without(after, *MAY_STAY))
        problems += [f"{reason}: {line}" for line in differences(*kept)]
        return [*problems, *self.made_once_more(made)]

    def in_one_place(self, before: Contents, after: Contents) -> Iterator[str]:
        """Yield what is wrong if a claim has handed out a part: each message must be there, in one place."""
        db = self._engine.stores.broker.db

        def value(name: str, held: Contents = after) -> Any:
            found = held.get((db, f"{NS}:{name}"))
            return {} if found is None else found.value

        if value("messages") != value("messages", before):
            yield "claimed in part, messages have changed"
        places = Counter(member.split("\n", 2)[2] for member in value("delayed"))
        for (_, key), held in after.items():
            if key.startswith((f"{NS}:queue:", f"{NS}:claims:", f"{NS}:rate_limited:")):
                places.update(held.value.keys())
        for key in value("messages"):
            if places[key] != 1:
                yield f"claimed in part, message {key!r} is in {places[key]} places"

    def made_once_more(self, made: Act) -> Iterator[str]:
        """Make the call undisturbed, and yield what differs from how it should end."""
        again = made()
        if again != self.value:
            yield f"made once more it returns {again!r} instead of {self.value!r}"
        ends = [contents.without(ranked(end), *DRAWN) for end in (self.end, self.read())]
        yield from (f"made once more: {line}" for line in differences(*ends))

    def is_served(self, after: Contents, *leaving: str) -> Iterator[str]:
        """Yield what is missing of a call that did not raise; some keys are not looked at."""
        left_out = (*MAY_LACK, *leaving)
        end, found = (contents.without(ranked(held), *left_out) for held in (self.end, after))
        yield from (f"taken for done, but {line}" for line in differences(end, found))

    # -- which refusals there are

    def each_command_once(self) -> Iterator[Refusal]:
        """Yield the refusal of each command that the call gives, one at a time."""
        for call in self.calls:
            yield Refusal(run=call.run, number=call.number, times=1)

    def each_kind_always(self) -> Iterator[Refusal]:
        """Yield the refusal of each kind of command, and of each on some keys."""
        for command in dict.fromkeys(call.command for call in self.calls):
            yield Refusal(command=command)
            if command == "SELECT":
                continue
            keys = dict.fromkeys(call.key for call in self.calls if call.command == command)
            prefixes = dict.fromkeys(map(prefix_of, keys))
            if len(prefixes) > 1:
                yield from (Refusal(command=command, prefix=prefix) for prefix in prefixes)
            if len(keys) > len(prefixes):
                yield from (Refusal(command=command, key=key) for key in keys)


def prefix_of(key: str) -> str:
    """Return what the name of a key has in common with those of the same kind."""
    if key.startswith(NS):
        kind = key[len(NS) + 1 :].partition(":")
        return f"{NS}:{kind[0]}{kind[1]}"
    for prefix in ("celery-task-meta-", "celery-taskset-meta-"):
        if key.startswith(prefix):
            return prefix
    return key
