"""Result backends by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub.exceptions import ImproperlyConfigured

__all__ = (
    "BACKEND_ALIASES",
    "by_name",
    "by_url",
)

#: Names of backends -> their classes.
BACKEND_ALIASES = {
    "cache": "celery.backends.cache:CacheBackend",
    "database": "celery.backends.database:DatabaseBackend",
    "db": "celery.backends.database:DatabaseBackend",
    "disabled": "celery.backends.base:DisabledBackend",
    "redis": "celery.backends.redis:RedisBackend",
    "rediss": "celery.backends.redis:RedisBackend",
    "rpc": "celery.backends.rpc:RPCBackend",
    "sentinel": "celery.backends.redis:SentinelBackend",
}


def by_name(
    backend: Any = None,
    loader: Any = None,
    extension_namespace: str = "celery.result_backends",
) -> Any:
    """Return the class of a backend, given by its name or path.

    Raises:
        ImproperlyConfigured: There is none.
    """
    from celery.utils.imports import load_extension_classes, symbol_by_name

    names = {**BACKEND_ALIASES, **(getattr(loader, "override_backends", None) or {})}
    names.update(load_extension_classes(extension_namespace))
    try:
        return symbol_by_name(backend or "disabled", names)
    except (ImportError, AttributeError, ValueError) as error:
        raise ImproperlyConfigured(f"Unknown result backend: {backend!r} ({error})") from error


def by_url(backend: Any = None, loader: Any = None) -> tuple[Any, Any]:
    """Return the class of a backend, and its URL if it was given by that."""
    url = None
    if isinstance(backend, str) and "://" in backend:
        url = backend
        scheme = url.partition("://")[0]
        backend, _, rest = scheme.partition("+") if "+" in scheme else (scheme, "", "")
        if rest and backend not in BACKEND_ALIASES:
            backend = rest
    return by_name(backend, loader), url


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
