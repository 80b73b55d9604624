"""Django's settings as the source of an app's: the dictionary `TASKHUB`, and names in `CELERY_`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("APP_KEY", "NAMESPACE", "PREFIX", "DjangoSettings", "conflicts", "own_settings")

#: What Celery's settings begin with in Django's.
NAMESPACE: Final = "CELERY"
PREFIX: Final = "CELERY_"
#: Key of `TASKHUB` that names the project's app, and is no setting of one.
APP_KEY: Final = "APP"


def own_settings(settings: Any) -> dict[str, Any]:
    """Return what the dictionary `TASKHUB` holds, by names in upper case.

    Args:
        settings: Django's.

    Raises:
        ImproperlyConfigured: It is no dictionary with names as keys, or names a setting twice.
    """
    given = getattr(settings, "TASKHUB", None)
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(
            f"TASKHUB in Django's settings must be a dictionary, not a {type(given).__name__}: "
            'TASKHUB = {"BROKER_URL": "redis://localhost:6379/0"}'
        )
    found: dict[str, Any] = {}
    for name, value in given.items():
        if not isinstance(name, str):
            raise ImproperlyConfigured(
                f"TASKHUB in Django's settings has the key {name!r:.100}, which is no name"
            )
        if name not in (name.upper(), name.lower()):
            raise ImproperlyConfigured(
                f"TASKHUB in Django's settings has the key {name!r:.100}: write {name.upper()}"
            )
        key = name.upper().removeprefix(PREFIX)
        if key in found:
            raise ImproperlyConfigured(f"TASKHUB in Django's settings has {key} twice: leave one")
        found[key] = value
    return found


def conflicts(settings: Any) -> list[str]:
    """Return names, as in `TASKHUB`, to which that and `CELERY_` give different values.

    Args:
        settings: Django's.
    """
    return sorted(
        name
        for name, value in own_settings(settings).items()
        if hasattr(settings, PREFIX + name) and getattr(settings, PREFIX + name) != value
    )


class DjangoSettings:
    """Django's settings as they are now, with those of `TASKHUB` under names in `CELERY_`.

    Args:
        settings: Django's.
    """

    #: Configurations ask it again for what may change while a program runs.
    is_live: Final = True

    def __init__(self, settings: Any) -> None:
        self._settings = settings

    def __dir__(self) -> list[str]:
        """Return the names of all settings.

        Raises:
            ImproperlyConfigured: One has two values.
        """
        for name in conflicts(self._settings):
            raise ImproperlyConfigured(
                f"Django's settings give {name} twice, as {PREFIX}{name} and in TASKHUB, with "
                "different values: leave one of them"
            )
        own = own_settings(self._settings).keys() - {APP_KEY}
        names = {name for name in dir(self._settings) if name.isupper()}
        return [*names, *(PREFIX + name for name in own)]

    def spelling(self, name: str, nearest: str | None) -> tuple[str, str | None]:
        """Return a setting and the one that it resembles as they are written there.

        Args:
            name: The setting, in `CELERY_`.
            nearest: The other one; None: there is none.
        """
        bare = name.removeprefix(PREFIX)
        if hasattr(self._settings, name) or bare not in own_settings(self._settings):
            return name, nearest
        return f"TASKHUB[{bare!r}]", nearest and nearest.removeprefix(PREFIX)

    def __getattr__(self, name: str) -> Any:
        # Not by `own_settings`: each call of a task asks for some.
        given = getattr(self._settings, "TASKHUB", None)
        if name.startswith(PREFIX) and isinstance(given, Mapping):
            bare = name.removeprefix(PREFIX)
            for written in (bare, bare.lower(), name, name.lower()):
                if written in given:
                    return given[written]
        return getattr(self._settings, name)
