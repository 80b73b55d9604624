"""Reading settings from environment variables; whatever is wrong is told in one line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from taskhub.mail import InvalidMailError
from taskhub.mail.address import parse_addresses
from taskhub.system.exceptions import SystemConfigurationError
from taskhub.system.level import Threshold

__all__ = ("Variables",)


class Variables:
    """Environment variables; an empty one counts as not set.

    Every method raises `SystemConfigurationError` for a value that cannot be.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._given = {name: value.strip() for name, value in environment.items() if value.strip()}

    def text(self, name: str) -> str | None:
        """Return a variable as it is; None: it is not set."""
        return self._given.get(name)

    def home(self, home: Path | None) -> Path:
        """Return the project's directory for what taskhub keeps."""
        return home or Path(self._given.get("TASKHUB_HOME", ".taskhub")).expanduser()

    def number(
        self, name: str, default: float, low: float, high: float, unit: str = "a number"
    ) -> float:
        """Return a number from `low` to `high`."""
        text = self._given.get(name)
        if text is None:
            return default
        number = _number(text)
        if number is None or not low <= number <= high:
            raise SystemConfigurationError(
                f"{name}: {text!r} is not {unit} from {low:g} to {high:g}: write for example {default:g}"
            )
        return number

    def threshold(self, name: str, default: Threshold) -> Threshold:
        """Return the two numbers of ``warn,fail``; either may be ``-``: never."""
        text = self._given.get(name)
        if text is None:
            return default
        example = f"{_shown(default.warn)},{_shown(default.fail)}"
        parts = [part.strip() for part in text.split(",")]
        values = [None if part == "-" else _number(part) for part in parts]
        if len(parts) != 2 or any(
            value is None and part != "-" for part, value in zip(parts, values, strict=True)
        ):
            raise SystemConfigurationError(
                f"{name}: {text!r} does not say from when on to warn, and from when on it is a failure: "
                f"write two numbers, for example {example}, or - for never"
            )
        warn, fail = values
        if warn is not None and fail is not None and (fail > warn if default.low else fail < warn):
            raise SystemConfigurationError(
                f"{name}: of {text!r} the failure comes before the warning: "
                f"write the warning first, for example {example}"
            )
        return Threshold(warn, fail, default.low)

    def addresses(self, *names: str) -> tuple[str, ...]:
        """Return the e-mail addresses of the first of these variables that is set."""
        for name in names:
            if name in self._given:
                try:
                    return tuple(one.mailbox for one in parse_addresses(self._given[name], name))
                except InvalidMailError as error:
                    raise SystemConfigurationError(str(error)) from None
        return ()

    def paths(self, name: str) -> tuple[str, ...] | None:
        """Return the paths that a variable lists, as PATH does; None: it is not set."""
        text = self._given.get(name)
        if text is None:
            return None
        return tuple(part.strip() for part in text.split(os.pathsep) if part.strip())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # Neither infinity nor "nan" is a bound.
    return number if abs(number) < 1e18 else None


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
