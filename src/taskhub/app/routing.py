"""Routing: the queue of a call, by `task_routes`, `task_queues` and the call's own options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import translate
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub.exceptions import ImproperlyConfigured, QueueNotFound
from taskhub.names import check_queue

if TYPE_CHECKING:
    from taskhub.config.configuration import Configuration

#: Given name, args, kwargs and options of a call, returns a route (a queue name, or a mapping) or
#: None.
Router = Callable[..., Any]


class Exchange(NamedTuple):
    """The name and type of an exchange, under kombu's names; a queue is a name here."""

    name: str = ""
    type: str = "direct"


class Queue(NamedTuple):
    """A queue, under kombu's names; accepted in `task_queues` as kombu's own objects are."""

    name: str
    exchange: Exchange = Exchange()
    routing_key: str = ""


class Routes:
    """The routes of an app.

    Args:
        routes: The setting `task_routes`: a mapping from names, globs or patterns to routes; a
            function; a router object (`route_for_task`); the path of one of these; or a list of
            them.
        queues: The setting `task_queues`: names, kombu `Queue` objects, or a mapping.
        default_queue: The setting `task_default_queue`.
        create_missing: The setting `task_create_missing_queues`.

    Raises:
        ImproperlyConfigured: A route or the name of a queue cannot be used.
    """

    def __init__(
        self, routes: Any, queues: Any, default_queue: str, create_missing: bool = True
    ) -> None:
        self._routers = [_as_router(route) for route in _as_routes(routes)]
        self.queues = _by_name(queues)
        for name in self.queues:
            try:
                check_queue(name)
            except (TypeError, ValueError) as error:
                raise ImproperlyConfigured(f"task_queues: {error}") from None
        # As `kombu.common.Broadcast`: calls name its alias, each worker has a queue of its own.
        self._broadcasts = {
            alias for queue in self.queues.values() if (alias := getattr(queue, "alias", None))
        }
        self._default_queue = default_queue
        self._create_missing = create_missing

    @property
    def names(self) -> tuple[str, ...]:
        """The queues that the configuration names."""
        found = [
            name
            for name, queue in self.queues.items()
            if getattr(queue, "alias", None) not in self._broadcasts
        ]
        return tuple(found) or (self._default_queue,)

    def queue_objects(self, conf: Configuration) -> dict[str, Any]:
        """Return the queues of `task_queues` by name, or else the default queue, as objects."""
        found = {
            name: Queue(name, Exchange(name), name) if isinstance(queue, str) else queue
            for name, queue in self.queues.items()
        }
        if found:
            return found
        default = self._default_queue
        exchange = Exchange(conf.task_default_exchange or default)
        return {default: Queue(default, exchange, conf.task_default_routing_key or default)}

    @property
    def differ_by_call(self) -> bool:
        """Whether there are routers: they may send two calls of one task to different queues."""
        return bool(self._routers)

    def options(
        self,
        options: Mapping[str, Any],
        name: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        task: Any = None,
    ) -> dict[str, Any]:
        """Return the options of a call with its route added; the call's own go first."""
        if not self._routers:
            return dict(options)
        for router in self._routers:
            route = router(name, args, kwargs or {}, dict(options), task=task)
            if route:
                added = {"queue": route} if isinstance(route, str) else dict(route)
                own = {key: value for key, value in options.items() if value is not None}
                return {**added, **own}
        return dict(options)

    def queue(self, options: Mapping[str, Any]) -> str:
        """Return the queue that routed options name.

        Raises:
            QueueNotFound: It is not configured, and `task_create_missing_queues` is off; or every
                worker would have to get its messages.
            TypeError: Its name is no text.
            ValueError: Its name cannot be used.
        """
        queue = options.get("queue")
        if queue is None:
            queue = self._by_exchange(options) or self._default_queue
        name = check_queue(queue)
        if name in self._broadcasts:
            raise QueueNotFound(
                f"Queue {name!r} is a Broadcast of kombu's: taskhub delivers a message to one "
                "worker; use a control command of your own (celery.worker.control), or a queue for "
                "each worker"
            )
        if not self._create_missing and name not in self.queues and name != self._default_queue:
            raise QueueNotFound(
                f"Queue {name!r} missing from task_queues; add it there, or set "
                "task_create_missing_queues"
            )
        return name

    def _by_exchange(self, options: Mapping[str, Any]) -> str | None:
        """Return the queue to which an exchange would route; None: neither is given."""
        exchange, routing_key = options.get("exchange"), options.get("routing_key")
        exchange = getattr(exchange, "name", exchange) or None
        if exchange is None and routing_key is None:
            return None
        for name, queue in self.queues.items():
            owned = getattr(getattr(queue, "exchange", None), "name", None)
            binding = getattr(queue, "routing_key", None) or name
            if exchange in (None, owned) and (
                routing_key is None or _binds(binding, str(routing_key))
            ):
                return name
        return None if exchange is None else str(routing_key or exchange)


def _binds(binding: str, routing_key: str) -> bool:
    """Return whether a binding, as of topic exchanges ("feed.*", "feed.#"), takes a routing key."""
    if "*" not in binding and "#" not in binding:
        return binding == routing_key
    words = (re.escape(word) for word in binding.split("."))
    pattern = r"\.".join(words).replace(r"\*", r"[^.]+")
    # "#" stands for any number of words, none included.
    pattern = pattern.replace(r"\.\#", r"(\..*)?").replace(r"\#\.", r"(.*\.)?").replace(r"\#", ".*")
    return re.fullmatch(pattern, routing_key) is not None


def _as_routes(routes: Any) -> list[Any]:
    if routes is None:
        return []
    return list(routes) if isinstance(routes, list | tuple) else [routes]


def _as_router(route: Any) -> Router:
    if isinstance(route, str):
        module, _, attribute = route.replace(":", ".").rpartition(".")
        try:
            route = getattr(import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise ImproperlyConfigured(
                f"task_routes names {route!r}, which cannot be imported: {error}"
            ) from error
    if isinstance(route, type):
        route = route()
    if hasattr(route, "route_for_task"):
        return _old_style(route.route_for_task)
    if callable(route):
        return route  # type: ignore[no-any-return]
    if isinstance(route, Mapping) or _is_pairs(route):
        return _map_router(dict(route))
    raise ImproperlyConfigured(
        f"task_routes contains {route!r}: use a mapping, a function, a router object, or a list "
        "of these"
    )


def _is_pairs(route: Any) -> bool:
    return isinstance(route, Iterable) and not isinstance(route, str | bytes)


def _old_style(route_for_task: Callable[..., Any]) -> Router:
    def router(name: str, args: Any, kwargs: Any, options: Any, task: Any = None) -> Any:
        return route_for_task(name, args, kwargs)

    return router


def _map_router(table: Mapping[Any, Any]) -> Router:
    exact = {name: route for name, route in table.items() if isinstance(name, str)}
    patterns: list[tuple[re.Pattern[str], Any]] = [
        (name if isinstance(name, re.Pattern) else re.compile(translate(name)), route)
        for name, route in table.items()
        if isinstance(name, re.Pattern) or "*" in name
    ]

    def router(name: str, args: Any, kwargs: Any, options: Any, task: Any = None) -> Any:
        if name in exact:
            return exact[name]
        for pattern, route in patterns:
            if pattern.match(name):
                return route
        return None

    return router


def _by_name(queues: Any) -> dict[str, Any]:
    if queues is None:
        return {}
    if isinstance(queues, Mapping):
        return dict(queues)
    return {
        queue if isinstance(queue, str) else getattr(queue, "name", queue): queue
        for queue in queues
    }
