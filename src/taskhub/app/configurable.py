"""How an app is configured, and the time zone that follows from it."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from taskhub.config.configuration import Configuration
from taskhub.schedules.zones import LocalZone


class ConfigurableFace:
    """The methods of Celery's app that take a configuration from somewhere."""

    conf: Configuration

    def config_from_object(
        self, obj: Any, silent: bool = False, force: bool = False, namespace: str | None = None
    ) -> None:
        """Take the configuration from an object, or from a module given by name."""
        self.conf.config_from_object(obj, silent=silent, force=force, namespace=namespace)

    def config_from_envvar(
        self, variable_name: str, silent: bool = False, force: bool = False
    ) -> bool:
        """Take the configuration from the module that an environment variable names."""
        return self.conf.config_from_envvar(variable_name, silent=silent, force=force)

    def add_defaults(self, fun: Any) -> None:
        """Add settings below those that were set: a mapping, or a function that returns one."""
        self.conf.add_defaults(fun)

    @property
    def timezone(self) -> tzinfo:
        """The time zone of the settings `timezone` and `enable_utc`."""
        name = self.conf.timezone
        if not name:
            return UTC if self.conf.enable_utc else LocalZone()
        zone: tzinfo = ZoneInfo(name) if isinstance(name, str) else name
        return zone

    def now(self) -> datetime:
        """Return the present in the app's time zone."""
        return datetime.now(self.timezone)
