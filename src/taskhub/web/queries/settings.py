"""The page of settings: versions, the store, settings without their secrets, doctor's checks."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from importlib import metadata
from typing import Any, Final

from taskhub import __version__
from taskhub.config.redaction import MASK
from taskhub.engine.port.schedule_store import HISTORY
from taskhub.web.auth.roles import Role
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.times import iso_now

__all__ = ("get_doctor", "get_settings", "retention")

_PARTS: Final = ("dramatiq", "redis", "starlette", "uvicorn")
_LONGEST: Final = 500


def get_settings(store: StoreView, needed: Mapping[str, Role]) -> dict[str, Any]:
    """Return how the app is set up.

    Args:
        store: Reads the store.
        needed: Role of each action.
    """
    facts = store.server()
    conf = store.app.conf
    changed = conf.table(with_defaults=False)
    everything = conf.table(with_defaults=True)
    defaults = conf.defaults_table() if hasattr(conf, "defaults_table") else {}
    settings = [
        {
            "name": str(name),
            "value": _shown(value),
            "default": _shown(defaults.get(name)) if name in defaults else "",
            "changed": name in changed,
            "secret": value == MASK,
            "group": str(name).partition("_")[0],
        }
        for name, value in sorted(everything.items(), key=lambda item: str(item[0]))
        if not name.startswith("__")
    ]
    return {
        "at": iso_now(),
        "versions": [
            {"name": "taskhub", "version": __version__},
            {"name": "Python", "version": platform.python_version()},
            *({"name": name, "version": version} for name in _PARTS if (version := _version(name))),
        ],
        "store": {
            "url": facts.url,
            "server": facts.server,
            "memory": facts.memory,
            "memory_limit": facts.memory_limit,
            "append_only_file": facts.append_only_file,
            "eviction": facts.eviction,
        },
        "settings": settings,
        "roles": dict(needed),
        "retention": retention(store),
    }


def retention(store: StoreView) -> dict[str, Any]:
    """Return what is kept how long."""
    conf = store.app.conf
    audit = store.audit
    rules = store.engine.rules
    return {
        "history_limit": rules.history_limit if rules.keeps_history else None,
        "history_expires": rules.history_ttl / 1000 if rules.keeps_history else None,
        "failed_limit": rules.failed_limit or None,
        "failed_expires": rules.dead_letter_ttl / 1000 if rules.failed_limit else None,
        "dead_expires": rules.dead_letter_ttl / 1000,
        "audit_limit": audit.limit,
        "audit_expires": audit.expires,
        "statistics_expires": _seconds(conf.statistics_expires),
        "runs": HISTORY,
    }


def get_doctor(store: StoreView) -> dict[str, Any]:
    """Run the checks of `taskhub doctor`."""
    from taskhub.cli.checks import all_checks

    began = time.monotonic()
    findings = [finding._asdict() for finding in all_checks(store.app)]
    return {"at": iso_now(), "seconds": round(time.monotonic() - began, 3), "findings": findings}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    return float(value.total_seconds() if hasattr(value, "total_seconds") else value)
