"""Which keys are meant: patterns as SCAN understands them, and keys that stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from taskhub.actors.cache.exceptions import InvalidKeyPrefixError

__all__ = ("KeyPattern", "is_protected", "parse_key_prefix", "protected_prefixes", "refuse_our_own")

_HINT: Final = "name the keys, for example user: or user:*"


class KeyPattern(NamedTuple):
    """Keys to look for.

    Args:
        glob: The pattern for SCAN.
        literal: What every matching key begins with.
    """

    glob: str
    literal: str


def parse_key_prefix(key_prefix: str) -> KeyPattern:
    r"""Read which keys are meant.

    Args:
        key_prefix: A prefix (``user:`` means ``user:*``), or a pattern as SCAN's: ``*`` any text,
            ``?`` one character, ``[ab]``, ``[^a]`` and ``[a-z]`` one of several, ``\`` before any
            of these: itself.

    Raises:
        InvalidKeyPrefixError: It does not begin with literal text, so that it could mean any key,
            or a bracket or escape is not complete.
    """
    if not isinstance(key_prefix, str):
        raise InvalidKeyPrefixError(
            f"key_prefix: it is a {type(key_prefix).__name__}, not a text: {_HINT}"
        )
    literal = ""
    for token in _tokens(key_prefix):
        if token[0] in "*?[":
            glob = key_prefix
            break
        literal += token[-1]
    else:
        glob = f"{key_prefix}*"
    if not literal.strip():
        what = "is empty" if not key_prefix.strip() else "begins with a wildcard"
        raise _refusal(key_prefix, f"{what}, which could mean every key", _HINT)
    return KeyPattern(glob, literal)


def protected_prefixes(
    app: Iterable[str] = ("{taskhub}", "celery-task-meta-", "celery-taskset-meta-"),
) -> tuple[str, ...]:
    """Return the prefixes of keys that are never cleared: messages, results, other taskhub keys.

    Args:
        app: What the keys of the application begin with, `app.store.key_prefixes`.
    """
    return (*app, "taskhub:")


def refuse_our_own(pattern: KeyPattern, protected: Iterable[str]) -> None:
    """Check that a pattern means other keys than protected ones.

    Raises:
        InvalidKeyPrefixError: Every key that it matches is protected.
    """
    for prefix in protected:
        if pattern.literal.startswith(prefix):
            raise _refusal(
                pattern.glob,
                f"means keys that begin with {prefix}, which hold tasks and results",
                "use result_expires to have results deleted, and purge to empty a queue",
            )


def is_protected(key: bytes, protected: tuple[bytes, ...]) -> bool:
    """Return whether a key stays, whatever pattern matches it."""
    return key.startswith(protected)


def _tokens(pattern: str) -> Iterator[str]:
    """Split a pattern into single characters, escaped ones (two) and brackets (three or more)."""
    position = 0
    while position < len(pattern):
        end = position + 1
        if pattern[position] == "\\":
            end += 1
            if end > len(pattern):
                raise _refusal(pattern, "ends in a backslash", r"write \\ for a literal one")
        elif pattern[position] == "[":
            end = _end_of_bracket(pattern, position)
        yield pattern[position:end]
        position = end


def _end_of_bracket(pattern: str, start: int) -> int:
    position = start + 1
    while position < len(pattern):
        if pattern[position] == "]":
            return position + 1
        position += 2 if pattern[position] == "\\" else 1
    raise _refusal(pattern, "has a [ without its ]", r"write \[ for a literal one")


def _refusal(key_prefix: str, what: str, remedy: str) -> InvalidKeyPrefixError:
    return InvalidKeyPrefixError(f"key_prefix: {key_prefix!r} {what}: {remedy}")
