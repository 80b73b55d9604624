"""Shared answers and their streams: the store is asked once for all open browsers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from anyio import CapacityLimiter, to_thread

from taskhub.web.http.server_state import is_server_stopping
from taskhub.web.problem import Problem

__all__ = ("Compute", "Live", "Snapshot", "Watch", "encode_json")

logger = logging.getLogger(__name__)

#: An answer is shared for so long, seconds.
SHARED: Final = 1.0
#: What streams watch is looked at so often, seconds; slower when looking takes longer than a tenth
#: of that.
PERIOD: Final = 2.0
#: So much of the time at most is spent looking.
SHARE: Final = 0.1
#: While the store is away, it is asked so often, seconds.
AWAY_PERIOD: Final = 5.0
#: A comment is sent so often, so that proxies keep the connection, seconds.
KEEP_ALIVE: Final = 15.0
#: With open streams, it is looked at so often whether the server is to stop, seconds.
STOP_PERIOD: Final = 0.5
#: Looks at the store at once.
THREADS: Final = 4
#: Streams at once.
MOST_STREAMS: Final = 1000
#: Answers that are kept.
MOST_KEPT: Final = 500

#: Asks the store; called in a thread.
Compute = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Snapshot:
    """An answer as it was at one moment."""

    body: bytes
    #: Of all but the moment.
    digest: str
    #: `time.monotonic`.
    at: float


@dataclass(frozen=True)
class Watch:
    """What a stream watches."""

    #: As the client wrote it.
    name: str
    key: Hashable
    compute: Compute


@dataclass(eq=False)
class Stream:
    """One open stream: what is to be sent next, the latest of each kind only."""

    watches: tuple[Watch, ...]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    pending: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, text: str) -> None:
        """Have an event sent, in place of an earlier one of the same name that was not sent yet."""
        self.pending[name] = text
        self.changed.set()


class Live:
    """Shares answers; belongs to one event loop."""

    def __init__(self) -> None:
        self._limiter: CapacityLimiter | None = None
        self._kept: dict[Hashable, Snapshot] = {}
        self._under_way: dict[Hashable, asyncio.Task[Snapshot]] = {}
        self._streams: set[Stream] = set()
        self._poller: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._closed = False
        self._changes = 0
        self._away: dict[str, Any] | None = None

    # -- one answer

    async def get(self, key: Hashable, compute: Compute, max_age: float = SHARED) -> Snapshot:
        """Return an answer no older than `max_age` seconds; concurrent callers share one query.

        Raises:
            Problem: It could not be found out.
        """
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept.at <= max_age:
            return kept
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._compute(key, compute))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._drop(key, done))
        # A caller that goes away must not take it from the others.
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Share no answer any more that was found before now, since something was changed."""
        self._kept.clear()
        self._under_way.clear()
        self._changes += 1

    async def run(self, call: Callable[[], Any]) -> Any:
        """Call a function that waits for the store, in a thread."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(THREADS * 10)
        return await to_thread.run_sync(call, limiter=self._limiter)

    async def _compute(self, key: Hashable, compute: Compute) -> Snapshot:
        changes = self._changes
        try:
            found = await self.run(compute)
        except Problem as problem:
            self._note_store(problem)
            raise
        self._note_store(None)
        rest = {name: value for name, value in found.items() if name != "at"}
        digest = hashlib.blake2b(encode_json(rest), digest_size=16).hexdigest()
        snapshot = Snapshot(encode_json(found), digest, time.monotonic())
        if self._changes == changes:
            self._kept.pop(key, None)
            self._kept[key] = snapshot
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return snapshot

    def _drop(self, key: Hashable, done: asyncio.Task[Snapshot]) -> None:
        if self._under_way.get(key) is done:
            del self._under_way[key]

    # -- streams

    @property
    def is_full(self) -> bool:
        """Whether no further stream may be opened."""
        return len(self._streams) >= MOST_STREAMS

    async def stream(
        self,
        watches: tuple[Watch, ...],
        still_allowed: Callable[[], Any],
        lifetime: float = math.inf,
    ) -> AsyncIterator[bytes]:
        """Yield events for one client until it goes, or may not see them any more.

        Args:
            watches: What it watches.
            still_allowed: Asked (and awaited) at every keep-alive.
            lifetime: It ends after so many seconds; browsers open another one then.
        """
        end = time.monotonic() + lifetime
        stream = Stream(watches)
        self._streams.add(stream)
        stream.put("store", _event("store", self._store_state()))
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch_server())
        first = [asyncio.create_task(self._send(watch, [stream])) for watch in watches]
        try:
            yield b"retry: 3000\n\n"
            while not self._closed and (left := end - time.monotonic()) > 0:
                try:
                    await asyncio.wait_for(stream.changed.wait(), min(KEEP_ALIVE, left))
                except TimeoutError:
                    if not await still_allowed():
                        break
                    yield b": still here\n\n"
                    continue
                stream.changed.clear()
                texts, stream.pending = list(stream.pending.values()), {}
                yield "".join(texts).encode()
        finally:
            self._streams.discard(stream)
            for task in first:
                task.cancel()

    def close(self) -> None:
        """End all streams, since the server ends."""
        self._closed = True
        for stream in self._streams:
            stream.changed.set()
        if self._poller is not None:
            self._poller.cancel()

    async def _watch_server(self) -> None:
        """End all streams when the server of a host application is to stop: it waits for them."""
        while self._streams and not self._closed:
            if is_server_stopping():
                self.close()
            await asyncio.sleep(STOP_PERIOD)

    async def _poll(self) -> None:
        """Look at all that is watched, as long as somebody watches."""
        while self._streams and not self._closed:
            began = time.monotonic()
            watched: dict[Hashable, tuple[Watch, list[Stream]]] = {}
            for stream in self._streams:
                for watch in stream.watches:
                    watched.setdefault(watch.key, (watch, []))[1].append(stream)
            limiter = asyncio.Semaphore(THREADS)

            async def refresh(watch: Watch, streams: list[Stream], limiter: Any = limiter) -> None:
                async with limiter:
                    await self._send(watch, streams)

            try:
                await asyncio.gather(*(refresh(*each) for each in watched.values()))
            except Exception:
                logger.exception("the dashboard's poller goes on")
            took = time.monotonic() - began
            pause = AWAY_PERIOD if self._away else max(PERIOD - took, took / SHARE - took)
            await asyncio.sleep(min(pause, 60.0))

    async def _send(self, watch: Watch, streams: list[Stream]) -> None:
        """Look at what is watched, and send it to those streams that do not have it yet."""
        try:
            snapshot = await self.get(watch.key, watch.compute)
        except Problem as problem:
            for stream in streams:
                for own in _own(stream, watch):
                    if problem.code != "store_away" and stream.sent.get(own.name) != problem.detail:
                        stream.sent[own.name] = problem.detail
                        body = {"watch": own.name, "problem": problem.to_json()}
                        stream.put(own.name, _event("problem", body))
            return
        text = snapshot.body.decode()
        for stream in streams:
            for own in _own(stream, watch):
                if stream.sent.get(own.name) != snapshot.digest:
                    stream.sent[own.name] = snapshot.digest
                    name = json.dumps(own.name)
                    stream.put(
                        own.name, f'event: snapshot\ndata: {{"watch":{name},"body":{text}}}\n\n'
                    )

    # -- the store

    def _note_store(self, problem: Problem | None) -> None:
        """Remember whether the store answers; send an event to all streams when that changes."""
        before = self._away
        if problem is None:
            self._away = None
        elif problem.code in ("store_away", "store_version"):
            since = before["since"] if before else _now()
            self._away = {
                "state": "away",
                "since": since,
                "detail": problem.detail,
                "retry_in": AWAY_PERIOD,
            }
        if (before is None) != (self._away is None):
            text = _event("store", self._store_state())
            for stream in self._streams:
                stream.put("store", text)
                if self._away is None:
                    # What was shown before may have changed while the store was away.
                    stream.sent.clear()

    def _store_state(self) -> dict[str, Any]:
        return self._away or {"state": "up", "since": None, "detail": None, "retry_in": None}


def encode_json(value: Any) -> bytes:
    """Return a value as JSON; what is no text in it is replaced."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _own(stream: Stream, watch: Watch) -> list[Watch]:
    return [own for own in stream.watches if own.key == watch.key]


def _event(name: str, body: Any) -> str:
    return f"event: {name}\ndata: {encode_json(body).decode()}\n\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
