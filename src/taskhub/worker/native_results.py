"""Dramatiq's view of results: `message.get_result()` reads what the commit stored."""

from __future__ import annotations

import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from dramatiq.encoder import JSONEncoder
from dramatiq.message import get_encoder
from dramatiq.results import ResultBackend, ResultFailure, ResultMissing, ResultTimeout
from dramatiq.results.backend import DEFAULT_TIMEOUT

from taskhub import states
from taskhub.engine.port.engine import Engine
from taskhub.exceptions import StoreRefused, WorkerLostError
from taskhub.serialization.result_meta import decode_meta

#: In a result document: stands for a value that the encoder of `dramatiq.set_encoder` has written.
_ENCODED = "dramatiq.encoded"


def encode_value(value: Any) -> Any:
    """Return an actor's value for its result document: as it is, or by the encoder that was set."""
    encoder = get_encoder()
    if type(encoder) is JSONEncoder or value is None:
        return value
    return {_ENCODED: b64encode(encoder.encode({"result": value})).decode()}


def decode_value(stored: Any) -> Any:
    """Return the value for which `encode_value` returned this."""
    if isinstance(stored, dict) and stored.keys() == {_ENCODED}:
        return get_encoder().decode(b64decode(stored[_ENCODED]))["result"]
    return stored


class EngineResultBackend(ResultBackend):
    """Reads result documents; writes nothing, since every task's commit has stored its result."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        super().__init__()
        self._engine = engine

    def get_result(self, message: Any, *, block: bool = False, timeout: int | None = None) -> Any:
        """Return a message's result.

        Args:
            message: The message.
            block: Whether to wait for it.
            timeout: Milliseconds to wait with `block`; 10 seconds by default.

        Raises:
            ResultMissing: it has none yet.
            ResultTimeout: waiting took too long.
            ResultFailure: the actor raised an exception.
        """
        document = self._engine().documents([message.message_id])[0]
        meta = decode_meta(document) if document is not None else None
        if block and (meta is None or meta["status"] not in states.READY_STATES):
            meta = self._wait(message, DEFAULT_TIMEOUT if timeout is None else timeout)
        if meta is None or meta["status"] not in states.READY_STATES:
            raise ResultMissing(message)
        if meta["status"] == states.SUCCESS:
            return decode_value(meta["result"])
        error = meta["result"]
        if isinstance(error, WorkerLostError) and error.__cause__ is not None:
            # What is no Exception, as Dramatiq's interrupts, is shown to Celery's callers as this.
            error = error.__cause__
        raise ResultFailure(
            f"actor raised {type(error).__name__}: {error}", type(error).__name__, str(error)
        )

    def _wait(self, message: Any, timeout: int) -> dict[str, Any]:
        ended = threading.Event()
        found: list[dict[str, Any] | StoreRefused] = []

        def find(_task_id: str, document: bytes | StoreRefused) -> None:
            meta = document if isinstance(document, StoreRefused) else decode_meta(document)
            if isinstance(meta, StoreRefused) or meta["status"] in states.READY_STATES:
                found.append(meta)
                ended.set()

        with self._engine().follow([message.message_id], find):
            if not ended.wait(timeout / 1000):
                raise ResultTimeout(message)
        if isinstance(found[0], StoreRefused):
            raise found[0]
        return found[0]

    def store_result(self, message: Any, result: Any, ttl: int) -> None:
        """Do nothing: the commit stores it."""

    def store_exception(self, message: Any, exception: Exception, ttl: int) -> None:
        """Do nothing: the commit stores it."""
