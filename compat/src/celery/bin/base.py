"""Parts of commands of one's own, which click runs (as `celery.bin.base`)."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from celery._unsupported import unsupported_getattr

__all__ = (
    "COMMA_SEPARATED_LIST",
    "ISO8601",
    "ISO8601_OR_FLOAT",
    "JSON_ARRAY",
    "JSON_OBJECT",
    "LOG_LEVEL",
    "CLIContext",
    "CeleryCommand",
    "CeleryDaemonCommand",
    "CeleryOption",
    "CommaSeparatedList",
    "ISO8601DateTime",
    "ISO8601DateTimeOrFloat",
    "JsonArray",
    "JsonObject",
    "LogLevel",
    "handle_preload_options",
)


if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
    Choice = click.Choice[str]
else:
    # Generic from click 8.2 on.
    ParamType, Choice = click.ParamType, click.Choice


class CLIContext:
    """What commands get as `ctx.obj`: the app, and how to write.

    Args:
        app: The app.
        no_color: Whether colours are left out.
        workdir: The directory in which the command runs.
        quiet: Whether headlines are left out.
    """

    def __init__(
        self, app: Any, no_color: bool = False, workdir: str | None = None, quiet: bool = False
    ) -> None:
        self.app = app
        self.no_color = no_color
        self.workdir = workdir
        self.quiet = quiet

    def style(self, message: str, **kwargs: Any) -> str:
        """Return a text in colours."""
        return message if self.no_color else click.style(message, **kwargs)

    def secho(self, message: str | None = None, **kwargs: Any) -> None:
        """Write a text in colours."""
        if self.no_color:
            kwargs = {
                name: value for name, value in kwargs.items() if name in ("file", "nl", "err")
            }
        click.secho(message, **kwargs)

    def echo(self, message: str | None = None, **kwargs: Any) -> None:
        """Write a text."""
        click.echo(message, **kwargs)

    def error(self, message: str | None = None, **kwargs: Any) -> None:
        """Write a text to standard error."""
        click.secho(message, err=True, **kwargs)


class CeleryOption(click.Option):
    """An option of a command.

    Args:
        default_value_from_context: The attribute of `ctx.obj` that is its default.
        help_group: Accepted as Celery's, without effect.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.help_group = kwargs.pop("help_group", None)
        self.default_value_from_context = kwargs.pop("default_value_from_context", None)
        super().__init__(*args, **kwargs)

    def get_default(self, ctx: click.Context, call: bool = True) -> Any:
        """Return the default."""
        if self.default_value_from_context:
            self.default = ctx.obj[self.default_value_from_context]
        return super().get_default(ctx, call=call)


class CeleryCommand(click.Command):
    """A command."""


class CeleryDaemonCommand(CeleryCommand):
    """A command with the options of background processes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for names in (("-f", "--logfile"), ("--pidfile",), ("--uid",), ("--gid",), ("--umask",)):
            self.params.append(CeleryOption(names))
        self.params.append(CeleryOption(("--executable",)))


def handle_preload_options(f: Any) -> Any:
    """Return a command's function that gets the context first, as with click's `pass_context`."""

    @wraps(f)
    def with_context(ctx: click.Context, *args: Any, **kwargs: Any) -> Any:
        return f(ctx, *args, **kwargs)

    return with_context


class CommaSeparatedList(ParamType):
    """Texts between commas."""

    name = "comma separated list"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the texts."""
        return [one for one in value.split(",") if one] if isinstance(value, str) else value


class _Json(ParamType):
    kind: type = object

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of a JSON text."""
        if isinstance(value, self.kind):
            return value
        try:
            found = json.loads(value)
        except ValueError as error:
            self.fail(str(error))
        if not isinstance(found, self.kind):
            self.fail(f"{found} was not an {self.name}")
        return found


class JsonArray(_Json):
    """A JSON text of an array."""

    name = "json array"
    kind = list


class JsonObject(_Json):
    """A JSON text of an object."""

    name = "json object"
    kind = dict


class ISO8601DateTime(ParamType):
    """A time in ISO 8601."""

    name = "iso-86091"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the time."""
        try:
            return datetime.fromisoformat(value)
        except (TypeError, ValueError) as error:
            self.fail(str(error))


class ISO8601DateTimeOrFloat(ISO8601DateTime):
    """A time in ISO 8601, or a number."""

    name = "iso-86091 or float"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the number, or the time."""
        try:
            return float(value)
        except (TypeError, ValueError):
            return super().convert(value, param, ctx)


class LogLevel(Choice):
    """The name of a level of logging, or its number."""

    def __init__(self) -> None:
        levels: Sequence[str] = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "FATAL")
        super().__init__(levels, case_sensitive=False)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the number of the level."""
        if isinstance(value, int):
            return value
        return logging.getLevelNamesMapping()[str(super().convert(value, param, ctx)).upper()]


COMMA_SEPARATED_LIST = CommaSeparatedList()
JSON_ARRAY = JsonArray()
JSON_OBJECT = JsonObject()
ISO8601 = ISO8601DateTime()
ISO8601_OR_FLOAT = ISO8601DateTimeOrFloat()
LOG_LEVEL = LogLevel()

__getattr__ = unsupported_getattr(__name__)
