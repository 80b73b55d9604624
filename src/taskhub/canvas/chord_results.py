"""Chord results: the values of a header, their placeholder, and the parts that are stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from taskhub import instrumentation
from taskhub.exceptions import ChordError
from taskhub.serialization.failures import decode_exception, encode_exception
from taskhub.serialization.json import dumps, loads

#: The placeholder of the header's values in the arguments of the body.
PLACEHOLDER: Mapping[str, Any] = {"taskhub": "values of the chord's header"}


def is_placeholder(argument: Any) -> bool:
    """Return whether an argument is the placeholder of the header's values."""
    return isinstance(argument, dict) and argument == PLACEHOLDER


def value_part(value: Any) -> str:
    """Encode the part of a call that succeeded; the headers of its run are the last element.

    Raises:
        EncodeError: the value cannot be serialized.
    """
    trace = _trace()
    return f"[1,{dumps(value, name='result')}{f',{json.dumps(trace)}' if trace else ''}]"


def failed_part(task_id: str, error: BaseException) -> str:
    """Encode the part of a call that failed; the headers of its run are the last element."""
    trace = _trace()
    return json.dumps([0, task_id, encode_exception(error), *((trace,) if trace else ())])


def _trace() -> dict[str, str]:
    return instrumentation.current_headers() if instrumentation.active else {}


def traces(parts: Sequence[bytes | str]) -> list[dict[str, str]]:
    """Return the headers of the runs that gave the parts of a chord, as far as they are known."""
    found = [loads(part if isinstance(part, str) else part.decode()) for part in parts]
    return [
        part[-1]
        for part in found
        if len(part) > (2 if part[0] == 1 else 3) and isinstance(part[-1], dict)
    ]


def unsent_part(reason: str) -> str:
    """Encode the only part of a chord whose header was not sent to its end."""
    return failed_part("", ChordError(reason))


def fill(arguments: Sequence[Any], values: list[Any]) -> list[Any]:
    """Return the body's arguments with the header's values instead of the placeholder."""
    return [values if is_placeholder(argument) else argument for argument in arguments]


def join(chord_id: str, parts: Sequence[bytes | str] | None) -> list[Any]:
    """Return the header's values in order.

    Raises:
        ChordError: a part failed; the part's own exception is its cause. Or the parts are gone, or
            were not all sent.
    """
    if parts is None:
        raise ChordError(f"The results of the header of chord {chord_id} are gone")
    # Read as one text: a header may have 10,000 parts.
    texts = [part if isinstance(part, str) else part.decode() for part in parts]
    loaded = loads(f"[{','.join(texts)}]")
    for part in loaded:
        if part[0] != 1:
            error = decode_exception(part[2])
            if not part[1] and isinstance(error, ChordError):
                raise error
            raise ChordError(f"Dependency {part[1]} raised {error!r}") from error
    return [part[1] for part in loaded]
