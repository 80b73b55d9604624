"""What is watched, from when on it is bad, and who is notified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from pydantic import AliasChoices, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from taskhub.actors.mail.address import parse_addresses
from taskhub.actors.quant.codes import parse_code
from taskhub.actors.settings import HomeSettings, Settings, UserPath, split_paths
from taskhub.actors.system.exceptions import SystemConfigurationError
from taskhub.actors.system.level import Threshold, parse_threshold

__all__ = ("ReportSettings", "StatusSettings", "Thresholds")

#: A mail of more charts is not looked at.
_MOST_STOCKS: Final = 10


def _addresses(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(one.mailbox for one in parse_addresses(value, "recipients"))


def _stocks(value: Any) -> Any:
    """Return the codes that a text lists, each once, in their one form."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    codes = tuple(dict.fromkeys(str(parse_code(part)) for part in parts))
    if len(codes) > _MOST_STOCKS:
        raise ValueError(
            f"{len(codes)} stocks are more than a report shows: write at most {_MOST_STOCKS}, "
            "separated by commas"
        )
    return codes


#: E-mail addresses, as a text in any usual form.
_Addresses = Annotated[tuple[str, ...], BeforeValidator(_addresses)]


class Thresholds(Settings):
    """From when on what is measured is bad: `TASKHUB_STATUS_...`, each as `warn,fail`.

    Args:
        cpu: Percent of the processors that are busy, now and on average over five minutes.
        memory: Percent that is in use.
        disk: Percent that is in use.
        latency: Seconds that a service takes to answer.
        queue_length: Messages that are ready in a queue.
        queue_age: Seconds that the oldest of them has been ready.
        workers: Worker processes that live; fewer are bad.
        dead_letters: Messages that were given up.

    Raises:
        SystemConfigurationError: A value is wrong; one line names the variable and says what to
            write.
    """

    model_config = SettingsConfigDict(env_prefix="TASKHUB_STATUS_")
    refusal: ClassVar = SystemConfigurationError

    cpu: Threshold = Threshold(95, None)
    memory: Threshold = Threshold(85, 95)
    disk: Threshold = Threshold(85, 95)
    latency: Threshold = Threshold(0.5, 3)
    queue_length: Threshold = Threshold(1_000, 10_000)
    queue_age: Threshold = Threshold(300, 1_800)
    workers: Threshold = Threshold(1, 1, low=True)
    dead_letters: Threshold = Threshold(1, 100)

    @field_validator("*", mode="before")
    @classmethod
    def _read(cls, value: Any, info: ValidationInfo) -> Any:
        default = cls.model_fields[str(info.field_name)].default
        return parse_threshold(value, default) if isinstance(value, str) else value


class StatusSettings(HomeSettings):
    """What `check_system_status` checks, and whom it notifies: `TASKHUB_STATUS_...`.

    Args:
        thresholds: From when on what is measured is bad.
        disks: Paths whose file systems are watched, on each host.
        timeout: Seconds that each look may take.
        confirm: So many checks in a row must find that something is better before that is reported.
        recipients: The operators' addresses, or else `TASKHUB_OPERATORS`; none: nobody is notified.

    Raises:
        SystemConfigurationError: A value is wrong; one line names the variable and says what to
            write.
    """

    model_config = SettingsConfigDict(env_prefix="TASKHUB_STATUS_")
    refusal: ClassVar = SystemConfigurationError

    thresholds: Thresholds = Field(default_factory=Thresholds)
    disks: tuple[Path, ...] = Field(default=(), validate_default=True)
    timeout: float = Field(
        default=10, ge=0.1, le=60, description="a number of seconds from 0.1 to 60"
    )
    confirm: int = Field(
        default=2, ge=1, le=100, description="a number from 1 to 100, without a fraction"
    )
    recipients: _Addresses = Field(
        default=(), validation_alias=AliasChoices("TASKHUB_STATUS_RECIPIENTS", "TASKHUB_OPERATORS")
    )

    @field_validator("disks", mode="before")
    @classmethod
    def _read_disks(cls, value: Any, info: ValidationInfo) -> Any:
        paths = split_paths(value) if isinstance(value, str) else value
        return paths or (Path("/"), info.data["home"].absolute())


class ReportSettings(Settings):
    """Contents and recipients of the daily report: `TASKHUB_REPORT_...`.

    Args:
        recipients: Their addresses, or else `TASKHUB_OPERATORS`; none: it cannot be sent.
        rows: So many tasks have a line of their own.
        stocks: Codes of those whose candles it shows, as `600000.SH`; at most 10.
        font: A font file for charts, `TASKHUB_QUANT_FONT`; None: one with Chinese is looked
            for.

    Raises:
        SystemConfigurationError: A value is wrong; one line names the variable and says what to
            write.
    """

    model_config = SettingsConfigDict(env_prefix="TASKHUB_REPORT_")
    refusal: ClassVar = SystemConfigurationError

    recipients: _Addresses = Field(
        default=(), validation_alias=AliasChoices("TASKHUB_REPORT_RECIPIENTS", "TASKHUB_OPERATORS")
    )
    rows: int = Field(
        default=40, ge=1, le=1000, description="a number from 1 to 1000, without a fraction"
    )
    stocks: Annotated[tuple[str, ...], BeforeValidator(_stocks)] = ()
    font: UserPath | None = Field(default=None, validation_alias="TASKHUB_QUANT_FONT")
