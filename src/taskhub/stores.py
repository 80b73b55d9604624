"""Addresses of stores, and clients for them, for applications that keep something there, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskhub.config.urls import StoreURL, mask_url, parse_store_url

if TYPE_CHECKING:
    from redis import Redis

__all__ = ("StoreURL", "mask_url", "open_client", "parse_store_url")


def open_client(url: StoreURL, *, timeout: float = 10.0, name: str = "taskhub-client") -> Redis:
    """Return a client, which connects when it is used. It replies in bytes and does not retry.

    May be used by several threads; the caller closes it.

    Args:
        url: The server and database; not `memory`, and `sentinel` with a service name.
        timeout: Seconds that connecting, and each answer, may take; `socket_connect_timeout` and
            `socket_timeout` in the URL take precedence.
        name: What the connection is called on the server; `client_name` in the URL takes
            precedence.
    """
    from redis import Redis

    options = _options(url, timeout, name)
    if url.scheme == "unix":
        return Redis(unix_socket_path=url.path, **options)
    tls = _tls_options(url)
    if url.scheme == "sentinel":
        return _found_by_sentinels(url, {**options, **tls}, timeout)
    host, port = url.addresses[0]
    return Redis(host=host, port=port, ssl=url.scheme == "rediss", **options, **tls)


def _found_by_sentinels(url: StoreURL, options: dict[str, Any], timeout: float) -> Redis:
    import redis.sentinel

    # It has no types.
    sentinel_class: Any = redis.sentinel.Sentinel
    of_sentinels: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "username": url.options.get("sentinel_username"),
        "password": url.options.get("sentinel_password"),
        "ssl": _truth(url.options.get("sentinel_ssl", "")),
    }
    if _truth(url.options.get("ssl", "")):
        options["ssl"] = True
    sentinel = sentinel_class(
        list(url.addresses),
        min_other_sentinels=int(url.options.get("min_other_sentinels", 0)),
        sentinel_kwargs=of_sentinels,
        **options,
    )
    client: Redis = sentinel.master_for(url.service_name or "")
    return client


def _options(url: StoreURL, timeout: float, name: str) -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "username": url.username,
        "password": url.password,
        "db": url.db,
        "socket_timeout": float(url.options.get("socket_timeout", timeout)),
        "socket_connect_timeout": float(url.options.get("socket_connect_timeout", timeout)),
        "client_name": url.options.get("client_name", name),
        "protocol": int(url.options.get("protocol", 2)),
        "decode_responses": False,
        # Who calls knows better when to try again, and for how long.
        "retry": Retry(NoBackoff(), 0),
    }


def _tls_options(url: StoreURL) -> dict[str, Any]:
    options: dict[str, Any] = {
        name: value for name, value in url.options.items() if name.startswith("ssl_")
    }
    if "ssl_check_hostname" in options:
        options["ssl_check_hostname"] = _truth(options["ssl_check_hostname"])
    return options


def _truth(text: str) -> bool:
    return text.lower() in ("1", "true", "yes", "on")
