"""Configuration of an app: where settings come from, and the values that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from taskhub.app import stores
from taskhub.app.periodic import add_periodic_task
from taskhub.config.configuration import Configuration
from taskhub.schedules.zones import LocalZone

if TYPE_CHECKING:
    from pathlib import Path

    from taskhub.app.app import Celery


class AppConfiguration:
    """The methods of the app that read or change its configuration."""

    conf: Configuration
    #: Entries of `add_periodic_task` from before the configuration is read.
    _periodic: dict[str, dict[str, Any]]

    def config_from_object(
        self, obj: Any, silent: bool = False, force: bool = False, namespace: str | None = None
    ) -> None:
        """Read the configuration from an object, or from a module given by name."""
        self.conf.config_from_object(obj, silent=silent, force=force, namespace=namespace)

    def config_from_envvar(
        self, variable_name: str, silent: bool = False, force: bool = False
    ) -> bool:
        """Read the configuration from the module that an environment variable names."""
        return self.conf.config_from_envvar(variable_name, silent=silent, force=force)

    def add_defaults(self, fun: Any) -> None:
        """Add settings below those that were set: a mapping, or a function that returns one."""
        self.conf.add_defaults(fun)

    def add_periodic_task(
        self,
        schedule: Any,
        sig: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> str:
        """Add a job to the setting `beat_schedule`; returns its name.

        Args:
            schedule: Seconds, a timedelta, or a schedule such as `crontab`.
            sig: What to call: a signature, or a task with `args` and `kwargs`.
            args: Arguments of the call.
            kwargs: Keyword arguments of the call.
            name: The job's name; by default the call's text, so that the same call twice is one
                job.
            options: Options of the call.
        """
        app = cast("Celery", self)
        return add_periodic_task(app, schedule, sig, args, kwargs, name, options)

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

    @property
    def home(self) -> Path:
        """The directory for what taskhub stores beside the project; it may not exist yet.

        The setting `taskhub_project_directory` names it, otherwise TASKHUB_HOME, otherwise it is
        the project's.
        """
        return stores.home_of(self.conf)

    @property
    def result_ttl(self) -> int | None:
        """How long results are kept, milliseconds; None: forever."""
        return stores.milliseconds(self.conf.result_expires)

    @property
    def failure_ttl(self) -> int | None:
        """How long failures are kept (`result_failure_expires`), milliseconds; None: forever."""
        expires = self.conf.result_failure_expires
        return self.result_ttl if expires is None else stores.milliseconds(expires)
