"""Encoding and decoding of result documents, by the serializer that the settings name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from taskhub import states
from taskhub.exceptions import SerializerNotInstalled
from taskhub.result.base import Meta, ResultBase
from taskhub.serialization import registry
from taskhub.serialization.failures import decode_exception, encode_exception
from taskhub.serialization.result_meta import decode_meta

if TYPE_CHECKING:
    from taskhub.app.app import Celery as Application


class Codec:
    """Encodes values and exceptions, and decodes documents; nothing else decodes them.

    Args:
        app: The application.
        serializer: How values are written by `encode`; None: as `result_serializer`.
        expires: Seconds, or a timedelta, that results are kept, 0 forever; None: as
            `result_expires`.
        accept: Serializers that are read; None: as `result_accept_content`, else
            `accept_content`.
        url: What `as_uri` shows; None: the store of the application.
    """

    def __init__(
        self,
        app: Application,
        serializer: str | None = None,
        expires: float | timedelta | None = None,
        accept: Iterable[str] | None = None,
        url: str | None = None,
    ) -> None:
        self.app = app
        self.url = url
        self._serializer = serializer
        self._expires = expires
        self._accept = accept

    @cached_property
    def serializer(self) -> str:
        """The name of the serializer of results."""
        return self._serializer or cast("str", self.app.conf.result_serializer)

    @cached_property
    def accept(self) -> frozenset[str]:
        """The content types that are read."""
        conf = self.app.conf
        names, setting = self._accept, "accept"
        if names is None:
            names, setting = conf.result_accept_content, "result_accept_content"
        if names is None:
            names, setting = conf.accept_content, "accept_content"
        try:
            return registry.content_types(names)
        except SerializerNotInstalled as error:
            raise SerializerNotInstalled(f"{setting}: {error}") from None

    @cached_property
    def max_size(self) -> int:
        """How many bytes a document may have; 0: any number."""
        return self.app.conf.result_max_size or 0

    @cached_property
    def expires(self) -> int | None:
        """Seconds that results are kept; None or 0: forever."""
        return whole_seconds(
            self.app.conf.result_expires if self._expires is None else self._expires
        )

    def encode(self, data: Any) -> str | bytes:
        """Return a value in the form of `serializer`."""
        return registry.encode(data, self.serializer).body

    def decode(self, payload: str | bytes | None) -> Any:
        """Return the value that `encode` made `payload` of."""
        return None if payload is None else registry.decode(payload, self.serializer, self.accept)

    def decode_result(self, payload: str | bytes) -> Meta:
        """Return a stored document as a dictionary; where it holds an exception, as one."""
        return decode_meta(payload, self.serializer, self.accept, self.max_size)

    def encode_result(self, result: Any, state: str) -> Any:
        """Return a value, or the exception of a state that holds one, as documents hold it."""
        if state in states.EXCEPTION_STATES and isinstance(result, BaseException):
            return self.prepare_exception(result)
        return self.prepare_value(result)

    def meta_from_decoded(self, meta: Meta) -> Meta:
        """Replace the stored form of an exception by the exception."""
        if meta["status"] in states.EXCEPTION_STATES:
            meta["result"] = self.exception_to_python(meta["result"])
        return meta

    def prepare_value(self, result: Any) -> Any:
        """Return a value as documents hold it: of a result, its tuple."""
        if self.serializer != "pickle" and isinstance(result, ResultBase):
            return result.as_tuple()
        return result

    def prepare_exception(self, exc: BaseException, serializer: str | None = None) -> Any:
        """Return an exception as documents hold it."""
        return encode_exception(exc, serializer or self.serializer)

    def exception_to_python(self, exc: Any) -> BaseException | None:
        """Return the exception that `prepare_exception` described."""
        return decode_exception(exc)


def whole_seconds(value: float | timedelta | None) -> int | None:
    """Return a duration in seconds, rounded down."""
    if value is None:
        return None
    return int(value.total_seconds() if isinstance(value, timedelta) else value)
