"""What is watched, from when on it is bad, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from taskhub.quant.codes import parse_code
from taskhub.quant.exceptions import InvalidRequestError
from taskhub.system.environment import Variables
from taskhub.system.exceptions import SystemConfigurationError
from taskhub.system.level import Threshold

__all__ = ("ReportSettings", "StatusSettings", "Thresholds")

#: A mail of more charts is not looked at.
_MOST_STOCKS: Final = 10


class Thresholds(NamedTuple):
    """From when on what is measured is bad.

    Parameters:
        cpu: Percent of the processors that are busy, now and on average over five minutes.
        memory, disk: Percent that are in use.
        latency: Seconds that a service takes to answer.
        queue_length: Messages that are ready in a queue.
        queue_age: Seconds that the oldest of them has been ready.
        workers: Worker processes that live; fewer are bad.
        dead_letters: Messages that were given up.
    """

    cpu: Threshold = Threshold(95, None)
    memory: Threshold = Threshold(85, 95)
    disk: Threshold = Threshold(85, 95)
    latency: Threshold = Threshold(0.5, 3)
    queue_length: Threshold = Threshold(1_000, 10_000)
    queue_age: Threshold = Threshold(300, 1_800)
    workers: Threshold = Threshold(1, 1, low=True)
    dead_letters: Threshold = Threshold(1, 100)


@dataclass(frozen=True)
class StatusSettings:
    """What `check_system_status` looks at, and whom it tells.

    Parameters:
        thresholds: From when on what is measured is bad.
        disks: Paths whose file systems are watched, on each host.
        timeout: Seconds that each look may take.
        confirm: So many checks in a row must find that something is better before that is told.
        recipients: The operators' addresses; none: nobody is told.
    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    disks: tuple[Path, ...] = (Path("/"),)
    timeout: float = 10.0
    confirm: int = 2
    recipients: tuple[str, ...] = ()

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], *, home: Path | None = None
    ) -> StatusSettings:
        """Read the settings from environment variables.

        ``TASKHUB_STATUS_CPU``, ``_MEMORY``, ``_DISK``, ``_LATENCY``, ``_QUEUE_LENGTH``, ``_QUEUE_AGE``, ``_WORKERS``,
        ``_DEAD_LETTERS``, each as ``warn,fail``; ``TASKHUB_STATUS_DISKS``, ``TASKHUB_STATUS_TIMEOUT``,
        ``TASKHUB_STATUS_CONFIRM``; ``TASKHUB_STATUS_RECIPIENTS`` or ``TASKHUB_OPERATORS``. An empty variable counts as
        not set.

        Parameters:
            environment: The variables, as ``os.environ``.
            home: The project's directory for what taskhub keeps, whose file system is watched, too.

        Raises:
            SystemConfigurationError: A value is wrong; one line names the variable and says what to write.
        """
        given = Variables(environment)
        plain = Thresholds()
        disks = given.paths("TASKHUB_STATUS_DISKS")
        return cls(
            thresholds=Thresholds(
                **{
                    name: given.threshold(f"TASKHUB_STATUS_{name.upper()}", getattr(plain, name))
                    for name in Thresholds._fields
                }
            ),
            disks=tuple(map(Path, disks)) if disks else (Path("/"), given.home(home).absolute()),
            timeout=given.number("TASKHUB_STATUS_TIMEOUT", 10, 0.1, 60, "a number of seconds"),
            confirm=int(given.number("TASKHUB_STATUS_CONFIRM", 2, 1, 100)),
            recipients=given.addresses("TASKHUB_STATUS_RECIPIENTS", "TASKHUB_OPERATORS"),
        )


@dataclass(frozen=True)
class ReportSettings:
    """What the daily report tells, and whom.

    Parameters:
        recipients: Their addresses; none: it cannot be sent.
        rows: So many tasks have a line of their own.
        stocks: Codes of those whose candles it shows, as ``600000.SH``; at most 10.
        font: A font file for charts; None: one with Chinese is looked for.
    """

    recipients: tuple[str, ...] = ()
    rows: int = 40
    stocks: tuple[str, ...] = ()
    font: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ReportSettings:
        """Read the settings from environment variables.

        ``TASKHUB_REPORT_RECIPIENTS`` or ``TASKHUB_OPERATORS``, ``TASKHUB_REPORT_ROWS``, ``TASKHUB_REPORT_STOCKS``,
        ``TASKHUB_QUANT_FONT``. An empty variable counts as not set.

        Raises:
            SystemConfigurationError: A value is wrong; one line names the variable and says what to write.
        """
        given = Variables(environment)
        font = given.text("TASKHUB_QUANT_FONT")
        return cls(
            recipients=given.addresses("TASKHUB_REPORT_RECIPIENTS", "TASKHUB_OPERATORS"),
            rows=int(given.number("TASKHUB_REPORT_ROWS", 40, 1, 1000)),
            stocks=_stocks("TASKHUB_REPORT_STOCKS", given.text("TASKHUB_REPORT_STOCKS") or ""),
            font=Path(font).expanduser() if font else None,
        )


def _stocks(name: str, text: str) -> tuple[str, ...]:
    """Return the codes that a text lists, each once, in their one form."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        codes = tuple(dict.fromkeys(str(parse_code(part)) for part in parts))
    except InvalidRequestError as error:
        raise SystemConfigurationError(f"{name}: {error}") from None
    if len(codes) > _MOST_STOCKS:
        raise SystemConfigurationError(
            f"{name}: {len(codes)} stocks are more than a report shows: write at most {_MOST_STOCKS}, "
            f"separated by commas"
        )
    return codes
