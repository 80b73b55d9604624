"""Where the settings say that results are kept: the store of `result_backend`, or a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.config.configuration import Configuration

#: Result backends of Celery's that have no store of their own: results go where the messages are.
_WITH_BROKER = (
    "rpc",
    "rpc://",
    "amqp",
    "amqp://",
    "disabled",
    "disabled://",
    "cache+memory://",
    # Of django-celery-results: see `django_results`.
    "django-db",
    "django-cache",
)

#: The values of `result_backend` for which Celery stores nothing.
_NOWHERE = (None, "", "disabled", "disabled://")

#: What begins a `result_backend` that names a database.
_DATABASES = ("db", "database")


def database_url(conf: Configuration) -> str | None:
    """Return SQLAlchemy's URL of the database that `result_backend` names; None: it names none."""
    backend = conf.result_backend
    if not isinstance(backend, str):
        return None
    name, _, url = backend.partition("+")
    if backend in _DATABASES:
        return str(conf.database_url or "")
    return url if name in _DATABASES and "://" in url else None


def has_result_backend(conf: Configuration) -> bool:
    """Return whether the settings name a place for results, as Celery needs to store any."""
    return conf.result_backend not in _NOWHERE


def shares_broker(conf: Configuration) -> bool:
    """Return whether results are kept in the store of the messages."""
    backend = conf.result_backend
    return not backend or backend in _WITH_BROKER or database_url(conf) is not None


def results_address(conf: Configuration) -> str | None:
    """Return the URL of the store of results as it was written; None: the settings name none."""
    url: Any = conf.broker_url if shares_broker(conf) else conf.result_backend
    if isinstance(url, list | tuple):
        url = url[0] if url else None
    return str(url) if url else None
