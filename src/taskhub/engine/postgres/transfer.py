"""Moving what waits from one store to another, on PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from taskhub.engine.port.inspection import DeadLetter
from taskhub.engine.port.outbox_store import Taken
from taskhub.engine.port.transfer import (
    Inventory,
    Kind,
    MoveBatch,
    StoredChain,
    StoredChord,
    StoredMessage,
    StoredPart,
    StoredResult,
    StoreTransfer,
)
from taskhub.engine.postgres.arguments import message_columns
from taskhub.engine.postgres.connection import Call
from taskhub.engine.postgres.connection_pool import STEADY
from taskhub.engine.postgres.messages import read_envelope
from taskhub.engine.postgres.outbox_store import read_taken
from taskhub.engine.postgres.store import PostgresStore
from taskhub.message import Envelope

#: Keys, and results, that are read at once.
KEYS_PAGE: Final = 2000
RESULTS_PAGE: Final = 500

#: Statements that delete what was taken.
_DELETIONS: Final[dict[Kind, str]] = {
    "message": "delete_messages",
    "chord": "delete_moved_chords",
    "chain": "delete_moved_chains",
    "dead": "delete_dead_letters",
}


class PostgresTransfer(StoreTransfer):
    """Every verb is one transaction.

    Args:
        store: The database.
    """

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def store_id(self) -> str:
        return str(self._store.run_one("store_id"))

    def inventory(self) -> Inventory:
        found: dict[str, list[str]] = defaultdict(list)
        for kind, name in self._store.run("inventory"):
            found[kind].append(name)
        return Inventory(
            *(sorted(found[kind]) for kind in ("chord", "chain", "schedule", "outbox"))
        )

    # -- the source

    def message_keys(self) -> Iterator[list[str]]:
        last = ""
        while rows := self._store.run("message_keys", last, KEYS_PAGE):
            yield [key for (key,) in rows]
            last = rows[-1][0]

    def messages(self, keys: Sequence[str]) -> list[StoredMessage]:
        rows = self._store.run("moved_messages", list(keys)) if keys else []
        return [
            StoredMessage(key, read_envelope(key, *message)._replace(eta=due), *position)
            for key, *message, due, position in ((*row[:4], row[4], row[5:]) for row in rows)
        ]

    def chords(self, chord_ids: Sequence[str]) -> list[StoredChord]:
        if not chord_ids:
            return []
        ids, store = list(chord_ids), self._store
        chords, parts, bodies = store.run_all(
            store.prepare("moved_chords", store.now, ids),
            store.prepare("moved_parts", ids),
            store.prepare("moved_bodies", ids),
        )
        parts_of: dict[str, list[StoredPart]] = defaultdict(list)
        for chord_id, *part in parts:
            parts_of[chord_id].append(StoredPart(*part))
        body_of: dict[str, list[Envelope]] = defaultdict(list)
        for chord_id, *message in bodies:
            body_of[chord_id].append(Envelope(*message))
        found = []
        for chord_id, size, extra, done, left, has_failed, failure, is_open, life in chords:
            counts, own = (size, extra, done), tuple(parts_of[chord_id])
            if has_failed:
                # The failure takes the place of all parts, those that are still to come included.
                counts, own = (1, 0, 2), (StoredPart("0", None, failure),)
            body = tuple(body_of[chord_id])
            found.append(StoredChord(chord_id, *counts, left, body, own, max(1, life), is_open))
        return found

    def chains(self, chain_ids: Sequence[str]) -> list[StoredChain]:
        if not chain_ids:
            return []
        links: dict[str, list[str]] = defaultdict(list)
        lives: dict[str, int] = {}
        for chain_id, link, life in self._store.run(
            "moved_chains", self._store.now, list(chain_ids)
        ):
            links[chain_id].append(link)
            lives[chain_id] = max(1, life)
        return [StoredChain(name, tuple(found), lives[name]) for name, found in links.items()]

    def results(self) -> Iterator[list[StoredResult]]:
        for statement, kind in (("moved_results", "task"), ("moved_groups", "group")):
            last = ""
            while rows := self._store.run(statement, self._store.now, last, RESULTS_PAGE):
                yield [StoredResult(kind, *row) for row in rows]  # type: ignore[arg-type]
                last = rows[-1][0]

    def delete(self, kind: Kind, keys: Sequence[str]) -> None:
        if keys:
            self._store.run(_DELETIONS[kind], list(keys))

    # -- the target

    def store_batch(self, mover: str, number: int, batch_number: int, batch: MoveBatch) -> Taken:
        store = self._store
        calls = [store.prepare("take_batch", mover, number, batch_number, list(batch.rows))]
        calls += self._restore_calls(batch)
        taken = read_taken(store.request(calls, retry=STEADY)[0])
        if taken == "stored":
            store.announce(message.envelope.queue for message in batch.messages)
        return taken

    def _restore_calls(self, batch: MoveBatch) -> list[Call]:
        store, calls = self._store, []
        if batch.messages:
            columns = _message_columns(batch.messages)
            calls.append(store.prepare("restore_messages", store.now, *columns))
        if batch.chords:
            calls.append(store.prepare("restore_chords", store.now, *_chord_columns(batch.chords)))
        if batch.chains:
            links = [
                (chain.chain_id, number, link)
                for number, chain in enumerate(batch.chains)
                for link in chain.links
            ]
            columns = [
                [chain.chain_id for chain in batch.chains],
                [chain.life for chain in batch.chains],
                *_columns(links, 3),
            ]
            calls.append(store.prepare("restore_chains", store.now, *columns))
        if batch.dead_letters:
            columns = _columns([_dead_letter(each) for each in batch.dead_letters], 6)
            calls.append(store.prepare("restore_dead_letters", *columns))
        if batch.messages:
            # Behind the messages: who forgets a queue locks these first.
            queues = sorted({message.envelope.queue for message in batch.messages})
            calls.append(store.prepare("note_queues", queues))
        return calls


def _message_columns(messages: Sequence[StoredMessage]) -> list[list[Any]]:
    rows = [
        (
            *(one.envelope.task_id, one.envelope.queue, one.envelope.priority, one.envelope.body),
            *(one.envelope.eta, one.sequence, one.deliveries, one.mark),
        )
        for one in messages
    ]
    return _columns(rows, 8)


def _chord_columns(chords: Sequence[StoredChord]) -> list[Any]:
    heads = [(one.chord_id, one.size, one.extra, one.done, one.bodies, one.life) for one in chords]
    parts = [(one.chord_id, *part) for one in chords for part in one.parts]
    bodies = [(one.chord_id, number) for one in chords for number, _ in enumerate(one.body, 1)]
    messages = message_columns([message for one in chords for message in one.body])
    *columns, delays, etas = messages
    count = len(bodies)
    return [
        *_columns(heads, 6),
        *_columns(parts, 4),
        *_columns(bodies, 2),
        *columns,
        delays or [0] * count,
        etas or [None] * count,
    ]


def _dead_letter(letter: DeadLetter) -> tuple[Any, ...]:
    envelope = letter.envelope
    assert envelope is not None
    message = (envelope.queue, envelope.priority, envelope.body)
    return letter.key, letter.reason, *message, letter.expires


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Return rows by column, also when there are none."""
    return [[row[index] for row in rows] for index in range(width)]
