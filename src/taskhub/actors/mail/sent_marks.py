"""The memory of what was sent, by which a mail is not sent twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from taskhub.actors.mail.exceptions import SentMarksError
from taskhub.actors.mail.receipt import Refusal, SendReceipt

if TYPE_CHECKING:
    from redis import Redis

__all__ = ("KEY_PREFIX", "MemorySentMarks", "RedisSentMarks", "SentMarks")

KEY_PREFIX: Final = "taskhub:mail:sent:"
_SECONDS_PER_DAY: Final = 86_400


class SentMarks(Protocol):
    """Remembers, per idempotency key, which recipients are settled."""

    def already_sent(self, key: str) -> SendReceipt | None:
        """Return what earlier attempts settled, or None.

        Raises:
            SentMarksError: It is unknown.
        """
        ...

    def mark_sent(self, key: str, receipt: SendReceipt) -> None:
        """Add what a receipt settles: who accepted, and who was refused for good.

        Raises:
            SentMarksError: It can't be noted.
        """
        ...


class MemorySentMarks:
    """Marks in this process, for tests and for mail without a store.

    Args:
        days: How long a mark is kept.
        clock: Seconds, ever growing.
    """

    def __init__(self, days: float = 7.0, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = days * _SECONDS_PER_DAY
        self._clock = clock
        self._marks: dict[str, tuple[float, SendReceipt]] = {}
        self._lock = threading.Lock()

    def already_sent(self, key: str) -> SendReceipt | None:
        with self._lock:
            deadline, receipt = self._marks.get(key, (0.0, None))
            return receipt if self._clock() < deadline else None

    def mark_sent(self, key: str, receipt: SendReceipt) -> None:
        with self._lock:
            now = self._clock()
            _, earlier = self._marks.pop(key, (0.0, None))
            # The oldest come first, because a mark that is renewed moves to the end.
            while self._marks and next(iter(self._marks.values()))[0] <= now:
                del self._marks[next(iter(self._marks))]
            self._marks[key] = (now + self._seconds, _settled(receipt.after(earlier)))


class RedisSentMarks:
    """Marks in Redis or Valkey, shared by all workers.

    A hash for each key: its fields are the recipients, so that marks of attempts add up.

    Args:
        client: The connection; its owner closes it.
        days: How long a mark is kept.
        prefix: What the keys begin with.
    """

    def __init__(self, client: Redis, days: float = 7.0, *, prefix: str = KEY_PREFIX) -> None:
        self._client = client
        self._seconds = max(1, round(days * _SECONDS_PER_DAY))
        self._prefix = prefix

    def already_sent(self, key: str) -> SendReceipt | None:
        from redis.exceptions import RedisError

        try:
            fields: Any = self._client.hgetall(self._prefix + key)
        except (RedisError, OSError) as error:
            raise SentMarksError(f"can't find out whether the mail was sent ({error})") from error
        return _decode({_text(name): json.loads(value) for name, value in fields.items()})

    def mark_sent(self, key: str, receipt: SendReceipt) -> None:
        from redis.exceptions import RedisError

        fields = _encode(receipt)
        if not fields:
            return
        name = self._prefix + key
        try:
            with self._client.pipeline(transaction=True) as pipeline:
                pipeline.hset(name, mapping=fields)
                pipeline.expire(name, self._seconds)
                pipeline.execute()
        except (RedisError, OSError) as error:
            raise SentMarksError(f"can't note that the mail was sent ({error})") from error


def _settled(receipt: SendReceipt) -> SendReceipt:
    refused = tuple(refusal for refusal in receipt.refused if not refusal.transient)
    return SendReceipt(receipt.message_id, receipt.destination, receipt.accepted, refused)


def _encode(receipt: SendReceipt) -> dict[Any, Any]:
    """Return the fields of a mark: for each settled recipient, how."""
    about = {"message_id": receipt.message_id, "destination": receipt.destination}
    fields: dict[str, dict[str, Any]] = dict.fromkeys(receipt.accepted, about)
    for refusal in _settled(receipt).refused:
        fields[refusal.recipient] = {**about, "code": refusal.code, "reason": refusal.reason}
    return {name: json.dumps(value) for name, value in fields.items()}


def _decode(fields: dict[str, dict[str, Any]]) -> SendReceipt | None:
    if not fields:
        return None
    about = next(iter(fields.values()))
    return SendReceipt(
        about["message_id"],
        about["destination"],
        accepted=tuple(name for name, value in fields.items() if "code" not in value),
        refused=tuple(
            Refusal(name, value["code"], value["reason"])
            for name, value in fields.items()
            if "code" in value
        ),
    )


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
