"""Filter language of task lists: `task:shop.* queue:mail state:failed error:Timeout since:2h`.

Conditions of one key are alternatives (`queue:a queue:b` is either), those of different keys must
all hold, and `-` excludes. What has no key is looked for in names, ids and arguments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from typing import Final

from taskhub.web.conditions import KEY_AND_VALUE, KEYS, STATES, Condition
from taskhub.web.filters import Filter

__all__ = ("FilterError", "parse_filter")

#: Longest filter, characters.
LONGEST: Final = 2000
_TOKEN = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_AGE = re.compile(r"(?:\d+[smhdw])+")
_AGE_PART = re.compile(r"(\d+)([smhdw])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class FilterError(ValueError):
    """A filter cannot be understood; the message names the condition and what is valid."""


def parse_filter(
    text: str,
    *,
    now: datetime | None = None,
    zone: tzinfo = UTC,
    hidden: bool = False,
    keys: Mapping[str, str] = KEYS,
) -> Filter:
    """Return the filter that a text stands for.

    Args:
        text: As a user writes it.
        now: The present, for ages such as `2h`.
        zone: Of times of day and dates.
        hidden: Whether the caller may not see arguments: then conditions on them are refused.
        keys: The keys that there are, and what each is followed by.

    Raises:
        FilterError: A condition has an unknown key or a wrong value.
    """
    if len(text) > LONGEST:
        raise FilterError(f"the filter is longer than {LONGEST:,} characters: shorten it")
    if _TOKEN.sub("", text).strip():
        raise FilterError("a quotation mark is not closed: write it in pairs")
    conditions = tuple(_condition(token, keys) for token in _TOKEN.findall(text))
    moments: dict[str, float] = {}
    present = now or datetime.now(UTC)
    for condition in conditions:
        if hidden and condition.key == "args":
            raise FilterError(
                f"{condition.text}: arguments are hidden from your role, so it cannot filter by "
                "them"
            )
        if condition.key in ("since", "until"):
            if condition.negated:
                other = "until" if condition.key == "since" else "since"
                raise FilterError(f"{condition.text}: write {other}:{condition.value} instead")
            moments[condition.key] = _moment(condition, present, zone)
    return Filter(conditions, moments.get("since"), moments.get("until"), hidden)


def _condition(token: str, keys: Mapping[str, str]) -> Condition:
    found = KEY_AND_VALUE.fullmatch(token)
    takes_arguments = "args.NAME" in keys
    if found is None or not (
        (found[2].lower() in keys) or (takes_arguments and _names_argument(found[2]))
    ):
        return _unknown_or_text(token, found, keys)
    negated, key, value = found[1] == "-", found[2], _unquoted(found[3])
    name = None
    if takes_arguments and _names_argument(key):
        key, name = "args", key.partition(".")[2]
    else:
        key = key.lower()
    if not value:
        raise FilterError(f"{token}: a value is missing: {keys.get(key, KEYS['args.NAME'])}")
    condition = Condition(key=key, name=name, value=value, negated=negated)
    if key == "state" and value not in STATES:
        near = get_close_matches(value, STATES, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(STATES)}"
        raise FilterError(f"{condition.text}: there is no state {value!r}: {hint}")
    if key == "priority" and value not in [str(number) for number in range(10)]:
        raise FilterError(f"{condition.text}: a priority is a number from 0 to 9")
    return condition


def _unknown_or_text(token: str, found: re.Match[str] | None, keys: Mapping[str, str]) -> Condition:
    """Return a token without a known key as free text, unless its key looks misspelt."""
    if found is not None and not found[3].startswith("//"):
        near = get_close_matches(found[2].lower(), list(keys), 1)
        hint = f"did you mean {near[0]}:?" if near else f"there are {', '.join(keys)}"
        if found[2].lower() == "args":
            hint = "name the argument: args.user:17"
        raise FilterError(
            f'{token}: there is no key {found[2]!r}: {hint} (text with a colon goes in "quotes")'
        )
    negated = token.startswith("-") and len(token) > 1
    return Condition(key="", value=_unquoted(token[1:] if negated else token), negated=negated)


def _names_argument(key: str) -> bool:
    return key.startswith("args.") and len(key) > len("args.")


def _unquoted(text: str) -> str:
    return _QUOTED.sub(lambda found: re.sub(r"\\(.)", r"\1", found[1]), text)


def _moment(condition: Condition, now: datetime, zone: tzinfo) -> float:
    """Return the instant that a value of `since` or `until` stands for, seconds since the epoch."""
    value = condition.value
    try:
        if _AGE.fullmatch(value):
            age = sum(int(count) * _UNITS[unit] for count, unit in _AGE_PART.findall(value))
            return (now - timedelta(seconds=age)).timestamp()
        local = now.astimezone(zone)
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", value):
            hour, minute, *second = map(int, value.split(":"))
            at = local.replace(
                hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0
            )
            # A time of day that is still to come was yesterday's.
            return (at if at <= local else at - timedelta(days=1)).timestamp()
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (OverflowError, ValueError):
        raise FilterError(
            f"{condition.text}: {value!r} is no time: write an age (45m, 2h, 3d), a time of day "
            "(14:05), or a date (2026-11-30, 2026-11-30T14:05)"
        ) from None
