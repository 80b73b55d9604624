"""Moving what waits from one store to another, on Redis and Valkey."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from taskhub.engine.port.inspection import DeadLetter
from taskhub.engine.port.outbox_store import Taken
from taskhub.engine.port.rules import EngineRules
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
from taskhub.engine.redis.arguments import wire_key
from taskhub.engine.redis.claims import read_keys
from taskhub.engine.redis.connection_pool import STEADY, ChannelPool
from taskhub.engine.redis.messages import NO_PATTERN, read_stored
from taskhub.engine.redis.outbox_store import TAKEN
from taskhub.engine.redis.results import GROUP_PREFIX, PREFIX
from taskhub.engine.redis.scores import BAND, sequence_of
from taskhub.message import HIGHEST_PRIORITY, Envelope

#: Keys that one step of a search looks at.
SCAN_PAGE: Final = 1000
#: Of what has no end of its own, ms.
_LIFE: Final = 30 * 24 * 60 * 60 * 1000


class RedisTransfer(StoreTransfer):
    """Reads in steps; what is taken or deleted together is one script.

    Args:
        rules: What the keys begin with.
        channels: Returns the channels of this process.
        results: Returns those to the results.
        now: Returns the present in ms, "" for that of the server's clock.
    """

    def __init__(
        self,
        rules: EngineRules,
        channels: Callable[[], ChannelPool],
        results: Callable[[], ChannelPool],
        now: Callable[[], str],
    ) -> None:
        self._namespace = rules.keys
        self._results_prefix = rules.results_prefix
        self._channels = channels
        self._results = results
        self._now = now

    def store_id(self) -> str:
        name = f"{self._namespace}:id"
        _, found = self._call(("SET", name, uuid.uuid4().hex, "NX"), ("GET", name))
        return str(found.decode())

    def inventory(self) -> Inventory:
        found: dict[str, set[str]] = {kind: set() for kind in _KEY_KINDS.values()}
        for name in self._scan(self._channels(), f"{self._namespace}:"):
            suffix = name[len(self._namespace) :]
            for prefix, kind in _KEY_KINDS.items():
                if suffix.startswith(prefix):
                    found[kind].add(suffix[len(prefix) :])
        return Inventory(*(sorted(names) for names in found.values()))

    # -- the source

    def message_keys(self) -> Iterator[list[str]]:
        cursor: Any = "0"
        while cursor != b"0":
            ((cursor, entries),) = self._call(
                ("HSCAN", f"{self._namespace}:messages", cursor, "COUNT", SCAN_PAGE)
            )
            yield read_keys(entries[::2])

    def messages(self, keys: Sequence[str]) -> list[StoredMessage]:
        if not keys:
            return []
        ns, names = self._namespace, [wire_key(key) for key in keys]
        records, limits, losses = self._call(
            *((("HMGET", f"{ns}:{kind}", *names)) for kind in ("messages", "rate_limited")),
            ("HMGET", f"{ns}:deliveries", *names),
        )
        found = [
            (key, name, envelope, limit, loss)
            for key, name, record, limit, loss in zip(
                keys, names, records, limits, losses, strict=True
            )
            if (envelope := read_stored(record)) is not None
        ]
        commands: list[tuple[Any, ...]] = []
        for key, name, envelope, limit, _ in found:
            task = b"" if limit is None else limit.partition(b"\n")[2]
            member = f"{envelope.queue}\n{envelope.priority}\n{key}"
            commands += (
                ("ZSCORE", f"{ns}:queue:{envelope.queue}", name),
                ("ZSCORE", f"{ns}:delayed", wire_key(member)),
                ("ZSCORE", f"{ns}:rate_limited:".encode() + task, name),
            )
        scores = iter(self._call(*commands) if commands else ())
        waiting = []
        for key, _, envelope, _, loss in found:
            ready, due, limited = next(scores), next(scores), next(scores)
            if due is not None:
                envelope = envelope._replace(eta=int(float(due)))
            elif ready is None and limited is None:
                continue
            score = ready if ready is not None else limited
            sequence = 0 if due is not None else sequence_of(f"{float(score):.0f}")
            waiting.append(StoredMessage(key, envelope, sequence, *_losses(loss)))
        return waiting

    def chords(self, chord_ids: Sequence[str]) -> list[StoredChord]:
        ns, commands = self._namespace, []
        for chord_id in chord_ids:
            commands += [
                ("HGETALL", f"{ns}:chord:{chord_id}"),
                ("PTTL", f"{ns}:chord:{chord_id}"),
                ("ZSCORE", f"{ns}:chords:open", chord_id),
            ]
        replies = iter(self._call(*commands) if commands else ())
        found = []
        for chord_id in chord_ids:
            fields, life, waits = next(replies), next(replies), next(replies)
            values = dict(zip(read_keys(fields[::2]), fields[1::2], strict=True))
            if "size" in values:
                found.append(_read_chord(chord_id, values, life, is_open=waits is not None))
        return found

    def chains(self, chain_ids: Sequence[str]) -> list[StoredChain]:
        commands: list[tuple[Any, ...]] = []
        for chain_id in chain_ids:
            name = f"{self._namespace}:chain:{chain_id}"
            commands += (("LRANGE", name, 0, -1), ("PTTL", name))
        replies = iter(self._call(*commands) if commands else ())
        found = ((chain_id, next(replies), next(replies)) for chain_id in chain_ids)
        return [
            StoredChain(chain_id, tuple(link.decode() for link in links), _life(life))
            for chain_id, links, life in found
            if links
        ]

    def results(self) -> Iterator[list[StoredResult]]:
        for prefix, kind in ((PREFIX, "task"), (GROUP_PREFIX, "group")):
            beginning = self._results_prefix + prefix
            pool = self._results()
            found = self._scan(pool, beginning)
            while names := list(islice(found, SCAN_PAGE)):
                documents, *lives = pool.call(
                    [("MGET", *names), *(("PTTL", name) for name in names)]
                )
                yield [
                    StoredResult(
                        kind,  # type: ignore[arg-type]
                        name[len(beginning) :],
                        document.decode(),
                        life if life >= 0 else None,
                    )
                    for name, document, life in zip(names, documents, lives, strict=True)
                    if document is not None
                ]

    def delete(self, kind: Kind, keys: Sequence[str]) -> None:
        if not keys:
            return
        if kind in ("message", "dead"):
            script = "delete_messages" if kind == "message" else "delete_dead_letters"
            self._run(script, *map(wire_key, keys))
        else:
            self._call(("UNLINK", *(f"{self._namespace}:{kind}:{key}" for key in keys)))

    # -- the target

    def store_batch(self, mover: str, number: int, batch_number: int, batch: MoveBatch) -> Taken:
        arguments: list[Any] = [mover, number, batch_number, " ".join(batch.rows)]
        arguments.append(len(batch.messages))
        for message in batch.messages:
            arguments += _message_arguments(message)
        arguments.append(len(batch.chords))
        for chord in batch.chords:
            fields = _chord_fields(chord)
            arguments += (chord.chord_id, chord.life, len(fields))
            for field in fields.items():
                arguments += field
        arguments.append(len(batch.chains))
        for chain in batch.chains:
            arguments += (chain.chain_id, chain.life, len(chain.links), *chain.links)
        arguments.append(len(batch.dead_letters))
        for letter in batch.dead_letters:
            arguments += _dead_arguments(letter)
        return TAKEN[self._run("take_moved", *arguments)]

    # -- calls

    def _run(self, script: str, *arguments: Any) -> Any:
        return self._channels().run(script, self._namespace, (self._now(), *arguments), STEADY)

    def _call(self, *commands: tuple[Any, ...]) -> list[Any]:
        return self._channels().call(commands)

    @staticmethod
    def _scan(pool: ChannelPool, beginning: str) -> Iterator[str]:
        """Yield the names of keys that begin so."""
        pattern, cursor = NO_PATTERN.sub(r"\\\g<0>", beginning) + "*", b"0"
        while True:
            ((cursor, names),) = pool.call([("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_PAGE)])
            yield from read_keys(names)
            if cursor == b"0":
                return


#: How keys go on after the namespace, in the order of `Inventory`.
_KEY_KINDS: Final = {
    ":chord:": "chords",
    ":chain:": "chains",
    ":schedule:entries:": "schedules",
    ":schedule:runs:": "schedules",
    ":outbox:": "outboxes",
}


def _losses(stored: bytes | None) -> tuple[int, str]:
    """Return how often a message was lost, and its mark."""
    text = (stored or b"0").decode()
    return (int(text), "") if text.isdigit() else (int(text[:-1] or 0), text[-1])


def _message_arguments(message: StoredMessage) -> tuple[Any, ...]:
    envelope = message.envelope
    score = (HIGHEST_PRIORITY - envelope.priority) * BAND + message.sequence
    due = "" if envelope.eta is None else envelope.eta
    lost = f"{message.deliveries}{message.mark}" if message.deliveries or message.mark else ""
    return envelope.record(), score, due, lost


def _dead_arguments(letter: DeadLetter) -> tuple[Any, ...]:
    assert letter.envelope is not None
    stored = letter.reason.encode() + b"\n" + letter.envelope.record()
    return wire_key(letter.key), stored, letter.expires


def _life(ttl: int) -> int:
    return ttl if ttl > 0 else _LIFE


def _read_chord(
    chord_id: str, values: Mapping[str, bytes], life: int, *, is_open: bool
) -> StoredChord:
    """Return the chord of a hash (canvas.lua)."""
    size, extra = int(values["size"]), int(values.get("extra", 0))
    labels = {
        value.decode(): name.removeprefix("added:")
        for name, value in values.items()
        if name.startswith("added:")
    }
    parts = []
    for name, value in values.items():
        kind, _, label = name.partition(":")
        if kind == "early" or (kind == "part" and label.isdigit() and int(label) < size - extra):
            parts.append(StoredPart(label, None, value.decode()))
    for number, label in labels.items():
        added = values.get(f"part:{number}")
        text = None if added is None else added.decode()
        parts.append(StoredPart(label, int(number.removeprefix("x")), text))
    numbers = sorted(int(name[7:]) for name in values if name.startswith("record:"))
    body = [_read_body(values[f"record:{n}"], values[f"due:{n}"].decode()) for n in numbers]
    bodies, done = int(values.get("bodies", 0)), int(values.get("done", 0))
    return StoredChord(
        *(chord_id, size, extra, done, bodies, tuple(body), tuple(parts), _life(life)),
        is_open=is_open,
    )


def _read_body(record: bytes, due: str) -> Envelope:
    envelope = read_stored(record)
    assert envelope is not None
    if due.startswith("+"):
        return envelope._replace(delay=int(due[1:]))
    return envelope._replace(eta=int(due)) if due else envelope


def _chord_fields(chord: StoredChord) -> dict[str, Any]:
    """Return the fields of a chord's hash."""
    fields: dict[str, Any] = {
        "size": chord.size,
        "done": chord.done,
        "bodies": chord.bodies,
        **({"extra": chord.extra} if chord.extra else {}),
    }
    for number, message in enumerate(chord.body, 1):
        fields |= {f"record:{number}": message.record(), f"due:{number}": message.due()}
    for label, added, value in chord.parts:
        if added is not None:
            fields[f"added:{label}"] = f"x{added}"
        if value is not None:
            early = label.startswith("+") and added is None
            name = f"early:{label}" if early else f"part:{label if added is None else f'x{added}'}"
            fields[name] = value
    return fields
