"""The fields of a crontab: from what is written to the set of numbers that it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

#: What a field may be written as.
Cronspec = int | str | Iterable[int]

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Months first, as in Celery, wherever they are written.
_NAMES = {
    **{name: number for number, name in enumerate(_WEEKDAYS)},
    **{name: number for number, name in enumerate(_MONTHS, 1)},
}
_SPAN = re.compile(r"(?:(?P<star>\*)|(?P<first>\w+?)-(?P<last>\w+))(?P<slash>/(?P<step>\w+)?)?")


class ParseException(Exception):
    """A field of a crontab cannot be read."""


class Field(NamedTuple):
    """One field of a crontab."""

    name: str
    lowest: int
    size: int

    @property
    def highest(self) -> int:
        """The greatest number that it takes."""
        return self.lowest + self.size - 1


MINUTE = Field("minute", 0, 60)
HOUR = Field("hour", 0, 24)
DAY_OF_WEEK = Field("day_of_week", 0, 7)
DAY_OF_MONTH = Field("day_of_month", 1, 31)
MONTH_OF_YEAR = Field("month_of_year", 1, 12)

#: The longest that each month may be.
_DAYS = dict.fromkeys(range(1, 13), 31) | {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def expand(spec: Cronspec, field: Field) -> set[int]:
    """Return the numbers that a field stands for.

    Raises:
        ParseException: The text is not of a field's form.
        ValueError: A number is out of range, or a name unknown.
        TypeError: It is neither a number, a text nor several numbers.
    """
    if isinstance(spec, int):
        numbers = {spec}
    elif isinstance(spec, str):
        numbers = _parse(spec, field)
    elif isinstance(spec, Iterable):
        numbers = set(spec)
    else:
        raise TypeError(
            f"crontab {field.name} must be a number, a text or several numbers, "
            f"not {type(spec).__name__}"
        )
    for number in numbers:
        _check_range(number, field)
    if not numbers:
        raise ValueError(f"crontab {field.name} is empty: it would never match")
    return numbers


def check_days(days: set[int], months: set[int]) -> None:
    """Refuse days that no month has.

    Raises:
        ValueError: None of the days occurs in any of the months.
    """
    if not any(day <= _DAYS[month] for day in days for month in months):
        raise ValueError(
            f"crontab: day_of_month {_listed(days)} never occurs in month_of_year {_listed(months)}"
        )


class crontab_parser:  # noqa: N801
    """Reads one field, under Celery's name.

    Args:
        max_: How many values the field has.
        min_: Its least value.
    """

    ParseException = ParseException

    def __init__(self, max_: int = 60, min_: int = 0) -> None:
        self.max_ = max_
        self.min_ = min_

    def parse(self, spec: str) -> set[int]:
        """Return the numbers that a text stands for.

        Raises:
            ParseException: The text is not of a field's form.
            ValueError: A number is out of range, or a name unknown.
        """
        return _parse(spec, Field("field", self.min_, self.max_))


def _parse(text: str, field: Field) -> set[int]:
    numbers: set[int] = set()
    for part in text.split(","):
        if not part:
            raise ParseException(f"crontab {field.name} {text!r} has an empty part")
        numbers.update(_part(part, field))
    return numbers


def _part(part: str, field: Field) -> list[int]:
    # As in Celery, what follows a span that can be read is not looked at.
    span = _SPAN.match(part)
    if span is None or (span["star"] and not span["slash"] and part != "*"):
        return [_number(part, field)]
    if span["star"]:
        numbers = list(range(field.lowest, field.highest + 1))
    else:
        numbers = _span(_number(span["first"], field), _number(span["last"], field), field)
    if not span["slash"]:
        return numbers
    if not span["step"]:
        raise ParseException(f"crontab {field.name} {part!r} has no number after '/'")
    step = int(span["step"])
    if step < 1:
        raise ValueError(f"crontab {field.name} {part!r}: the step must be 1 or more")
    return numbers[::step]


def _span(first: int, last: int, field: Field) -> list[int]:
    if last >= first:
        return list(range(first, last + 1))
    # fri-mon goes over the end.
    return [*range(first, field.highest + 1), *range(field.lowest, last + 1)]


def _number(text: str, field: Field) -> int:
    if text.startswith("-"):
        raise ParseException(f"crontab {field.name} {text!r}: negative numbers are not supported")
    try:
        number = int(text)
    except ValueError:
        name = text[:3].lower()
        if name not in _NAMES:
            raise ValueError(
                f"crontab {field.name} {text!r} is neither a number nor the name of a day or month"
            ) from None
        number = _NAMES[name]
    return _check_range(number, field)


def _check_range(number: int, field: Field) -> int:
    if not field.lowest <= number <= field.highest:
        raise ValueError(
            f"crontab {field.name} {number} is out of range: {field.lowest} to {field.highest}"
        )
    return number


def _listed(numbers: set[int]) -> str:
    return ",".join(str(number) for number in sorted(numbers))
