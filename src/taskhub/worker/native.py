"""Native actors: what is stored of their results, by Dramatiq's options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dramatiq.results import Results

from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.execution.result_policy import ResultPolicy
from taskhub.execution.runnable import Participation
from taskhub.execution.time_limits import seconds
from taskhub.worker.native_results import EngineResultBackend, encode_value

#: The values of `result_backend` that switch results off.
_DISABLED = frozenset(("disabled", "disabled://"))


class NativeMessage:
    """What a message of a native actor needs for its outcome.

    Args:
        conf: The app's configuration.
        participation: Its part in Celery's canvases.
        broker: The broker of the actor.
        delivery: The message.
    """

    def __init__(
        self, conf: Any, participation: Participation, broker: EngineBroker, delivery: Delivery
    ) -> None:
        self._conf = conf
        self._participation = participation
        self._broker = broker
        self._delivery = delivery

    @staticmethod
    def encode_value(value: Any) -> Any:
        """Return what is stored for a return value."""
        return encode_value(value)

    @property
    def throws(self) -> Any:
        """The exceptions that it raises by design, by options of the message, then the actor."""
        return _first(self._places, "throws")

    @property
    def _places(self) -> tuple[Mapping[str, Any], ...]:
        actor = self._broker.actors.get(self._delivery.actor_name)
        return self._delivery.options, actor.options if actor is not None else {}

    @property
    def result_policy(self) -> ResultPolicy:
        """What is stored of the result: by options of the message, the actor, then the settings."""
        conf, broker = self._conf, self._broker
        results = next((one for one in broker.middleware if isinstance(one, Results)), None)
        if (
            results is None
            or not isinstance(results.backend, EngineResultBackend)
            or conf.result_backend in _DISABLED
        ):
            # There are none, or they are stored elsewhere.
            return ResultPolicy(ignore_result=True)
        places = self._places
        ttl = _first(places, "result_ttl") or results.result_ttl
        failure_ttl = ttl
        if ttl is None:
            ttl = failure_ttl = _milliseconds(conf.result_expires)
            if conf.result_failure_expires is not None:
                failure_ttl = _milliseconds(conf.result_failure_expires)
        return ResultPolicy(
            ignore_result=not stores_result(conf, results, places),
            store_errors_even_if_ignored=bool(conf.task_store_errors_even_if_ignored),
            ttl=ttl,
            failure_ttl=failure_ttl,
            extended=bool(conf.result_extended),
        )


def stores_result(conf: Any, results: Results, places: tuple[Mapping[str, Any], ...]) -> bool:
    """Return whether a native actor's result is stored.

    The first that says something decides: the message, the actor (`store_results`, or Celery's
    `ignore_result`), the `Results` middleware, and `task_ignore_result` where it is set. Nobody
    saying anything means no, as in Dramatiq.
    """
    for options in places:
        if options.get("store_results") is not None:
            return bool(options["store_results"])
        if options.get("ignore_result") is not None:
            return not options["ignore_result"]
    if results.store_results:
        return True
    return conf.value_set_for("task_ignore_result") and not conf.task_ignore_result


def _first(places: tuple[Mapping[str, Any], ...], name: str) -> Any:
    return next((one[name] for one in places if one.get(name) is not None), None)


def _milliseconds(value: Any) -> int | None:
    """Return a duration of a setting in milliseconds; None: no end."""
    found = seconds(value)
    return int(found * 1000) if found else None
