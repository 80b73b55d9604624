"""A broker for programs written for Dramatiq, on Redis or Valkey; actors run as they are.

import dramatiq
from taskhub.dramatiq import broker

dramatiq.set_broker(broker("redis://localhost:6379/0"))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.config.settings import NEW_NAMES, SETTINGS, nearest
from taskhub.exceptions import ImproperlyConfigured
from taskhub.worker.native_results import EngineResultBackend

if TYPE_CHECKING:
    from dramatiq.middleware import Middleware

    from taskhub.engine.dramatiq.broker import EngineBroker
    from taskhub.engine.port.engine import Engine

__all__ = ("ResultBackend", "broker")

_IN_URL = "write it in the URL, as redis://user:password@host:6379/0"
#: Options of Dramatiq's brokers, and what stands for them here.
_STANDS_FOR = {
    **dict.fromkeys(("host", "port", "db", "username", "password", "parameters"), _IN_URL),
    "namespace": "write taskhub_namespace=",
    "dead_message_ttl": "write dead_letter_expires=",
    "heartbeat_timeout": "write lease_seconds=",
}


class ResultBackend(EngineResultBackend):
    """Results in the store of the broker, for `Results(backend=ResultBackend())`.

    They are written in the same atomic step that ends the message.
    `AsyncResult(message.message_id)` reads them, too.
    """

    def __init__(self, **options: object) -> None:
        """Make one.

        Raises:
            ImproperlyConfigured: Options are given, as the backends of Dramatiq take them.
        """
        if options:
            raise ImproperlyConfigured(
                f"ResultBackend has no options, but {', '.join(sorted(options))} is given: results "
                "are kept where the broker keeps messages, for as long as Results(result_ttl=...) "
                "says"
            )
        super().__init__(_engine_of_the_current_broker)


def broker(
    url: str | None = None,
    *,
    middleware: Sequence[Middleware] | None = None,
    **settings: Any,
) -> EngineBroker:
    """Return a broker for `dramatiq.set_broker`.

    Connects to nothing. `taskhub worker -A module` finds it in a module as it finds an app, and
    `dramatiq module` by Dramatiq's own rules.

    Args:
        url: The store, e.g. "redis://localhost:6379/0"; None: as `TASKHUB_BROKER_URL` says,
            otherwise the development store.
        middleware: All of Dramatiq's middleware, as for its own brokers; None: its default ones,
            and `Results`, which stores the results of actors that say `store_results=True` for as
            long as `result_expires`.
        settings: Settings of taskhub's by name, e.g. `taskhub_namespace`, `result_backend`.

    Raises:
        ImproperlyConfigured: There is no such setting; or the URL cannot be used, when it is first
            used.
    """
    from taskhub.app.app import Celery

    _check_names(settings)
    # The queue of actors that name none, also for what is called by Celery's ways.
    settings.setdefault("task_default_queue", "default")
    app = Celery("dramatiq", broker=url, set_as_current=False, **settings)
    made = app.broker
    made.app = app
    if middleware is not None:
        made.replace_substitutes(middleware)
    return made


def _check_names(settings: Iterable[str]) -> None:
    """Refuse what is no setting: an option of Dramatiq's brokers, or a misspelt name."""
    wrong = []
    for name in settings:
        if NEW_NAMES.get(name, name) not in SETTINGS:
            near = nearest(name)
            hint = _STANDS_FOR.get(name, f"did you mean {near}=?" if near else "remove it")
            wrong.append(f"{name}= ({hint})")
    if wrong:
        raise ImproperlyConfigured(f"taskhub.dramatiq.broker() does not take {', '.join(wrong)}")


def _engine_of_the_current_broker() -> Engine:
    import dramatiq

    from taskhub.engine.dramatiq.broker import EngineBroker

    found = dramatiq.get_broker()
    if not isinstance(found, EngineBroker):
        raise TypeError(
            f"ResultBackend keeps results where the messages are, and {type(found).__name__} is "
            "not a broker of taskhub's: call dramatiq.set_broker(taskhub.dramatiq.broker(...)) "
            "first"
        )
    return found.engine
