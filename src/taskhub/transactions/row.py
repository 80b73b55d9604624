"""Rows of an outbox: a call, or the calls of one canvas, as they stand in a caller's database."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from taskhub.exceptions import DecodeError
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan

__all__ = ("COLUMNS", "FORMAT", "Calls", "OutboxRow", "decode_calls", "make_row")

#: The form of payloads that this version writes and reads.
FORMAT: Final = 1
#: What a caller writes of a row; its `sequence` is the database's.
COLUMNS: Final = (*("row_id", "namespace", "task_id", "task", "messages", "payload", "created_at"),)
#: How long the names in a row may be; they are there for people, and cut off.
NAME_LENGTH: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What is stored together: messages, with their chords and the links of their chains."""

    messages: Sequence[Envelope]
    chords: Sequence[ChordPlan] = ()
    chains: Sequence[ChainPlan] = ()
    #: Events about them, for those who watch.
    events: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A row as a caller writes it."""

    #: Unique for all time.
    row_id: str
    #: The namespace of the app that is called.
    namespace: str
    #: Id and name of its first task, for people who look.
    task_id: str
    task: str
    #: How many messages it holds.
    messages: int
    payload: str
    created_at: datetime

    def values(self) -> dict[str, Any]:
        """Return the values of the columns."""
        return {name: getattr(self, name) for name in COLUMNS}


def make_row(namespace: str, task: str, calls: Calls) -> OutboxRow:
    """Return the row of some calls.

    Args:
        namespace: The namespace of the app.
        task: The name of the first task.
        calls: The calls.
    """
    return OutboxRow(
        row_id=str(uuid.uuid4()),
        namespace=namespace,
        task_id=calls.messages[0].task_id[:NAME_LENGTH] if calls.messages else "",
        task=task[:NAME_LENGTH],
        messages=len(calls.messages),
        payload=encode_calls(calls, int(time.time() * 1000)),
        created_at=datetime.now(UTC),
    )


def encode_calls(calls: Calls, now: int) -> str:
    """Return calls as a text that every database takes: JSON in ASCII.

    Args:
        calls: The calls.
        now: The present in ms, from which delays count: the store gets them later.
    """
    return json.dumps(
        {
            "format": FORMAT,
            "messages": [_message(envelope, now) for envelope in calls.messages],
            "chords": [
                [chord.chord_id, chord.size, [_message(one, None) for one in chord.body]]
                for chord in calls.chords
            ],
            "chains": [[chain.chain_id, chain.links] for chain in calls.chains],
            "events": list(calls.events),
        },
        separators=(",", ":"),
    )


def decode_calls(payload: str) -> Calls:
    """Return the calls of a payload.

    Raises:
        DecodeError: It is none, or of another format.
    """
    try:
        fields: Mapping[str, Any] = json.loads(payload)
        if fields["format"] != FORMAT:
            raise DecodeError(
                f"the row has the unknown format {fields['format']!r}: relays must not be older "
                "than what writes to the outbox"
            )
        return Calls(
            messages=_envelopes(fields["messages"]),
            chords=[
                ChordPlan(chord_id, int(size), tuple(_envelopes(body)))
                for chord_id, size, body in fields["chords"]
            ],
            chains=[ChainPlan(chain_id, tuple(links)) for chain_id, links in fields["chains"]],
            events=list(fields["events"]),
        )
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise DecodeError(f"the row is no call: {type(error).__name__}: {error}") from error


def _message(envelope: Envelope, now: int | None) -> list[Any]:
    task_id, queue, priority, body, delay, eta, chains = envelope
    if delay and eta is None and now is not None:
        delay, eta = 0, now + delay
    return [task_id, queue, priority, body.decode(), delay, eta, list(chains)]


def _envelopes(found: Iterable[Any]) -> list[Envelope]:
    return [
        Envelope(task_id, queue, int(priority), body.encode(), int(delay), eta, tuple(chains))
        for task_id, queue, priority, body, delay, eta, chains in found
    ]
