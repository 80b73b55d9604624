"""Hash tags: the part of a key by which a cluster decides which node serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.config.transport_options import prefix_of_keys, prefix_of_results
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.config.configuration import Configuration

__all__ = ("hash_tag", "results_prefix", "tagged_results_prefix")

_CLUSTERS = ("redis+cluster", "rediss+cluster", "valkey+cluster", "valkeys+cluster")


def hash_tag(key: str) -> str:
    """Return what a cluster hashes of a key: what its first braces hold, or all of it."""
    _, opened, rest = key.partition("{")
    tag, closed, _ = rest.partition("}")
    return tag if opened and closed and tag else key


def tagged_results_prefix(prefix: str, keys: str) -> str:
    """Return the prefix of result keys on a cluster, where they are in one slot with all others.

    Args:
        prefix: The prefix that is set for results; "": none is.
        keys: What the keys of messages begin with.

    Raises:
        ImproperlyConfigured: One of the two has another hash tag than the keys of messages.
    """
    tag = hash_tag(f"{keys}:")
    if tag == f"{keys}:":
        raise ImproperlyConfigured(
            f"broker_transport_options: the keys of messages begin with {keys!r}, of which a "
            "cluster reads no hash tag: remove the empty braces from global_keyprefix"
        )
    if not prefix:
        return prefix_of_results({"global_keyprefix": f"{{{tag}}}"})
    if hash_tag(prefix) != tag:
        raise ImproperlyConfigured(
            f"result_backend_transport_options: global_keyprefix {prefix!r} puts results into "
            f"another hash slot than messages: on a cluster write the tag into it, as in "
            f"{prefix + '{' + tag + '}'!r}, or leave it out"
        )
    return prefix


def results_prefix(conf: Configuration) -> str:
    """Return what stands before Celery's names of keys of results, by the settings."""
    prefix = prefix_of_results(conf.result_backend_transport_options)
    url = conf.broker_url
    written = url[0] if isinstance(url, list | tuple) and url else url
    if str(written).partition("://")[0].strip().lower() not in _CLUSTERS:
        return prefix
    namespace = conf.taskhub_namespace
    keys = f"{prefix_of_keys(conf.broker_transport_options)}{{{namespace}}}"
    return tagged_results_prefix(prefix, keys)
