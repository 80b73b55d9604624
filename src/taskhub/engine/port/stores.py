"""The stores behind an engine: where messages and results are, and how to connect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from taskhub.config.urls import StoreURL
from taskhub.engine.port.rules import EngineRules


@dataclass(frozen=True, kw_only=True)
class EngineStores:
    """Everything from which `taskhub.engine.factory` makes an engine; holds secrets.

    Args:
        broker: The store of messages.
        results: That of results; the same one if they are kept together.
        rules: Limits and times.
        broker_options: How to connect to `broker`, as Celery's `broker_transport_options`.
        results_options: How to connect to `results`.
    """

    broker: StoreURL
    results: StoreURL
    rules: EngineRules = field(default_factory=EngineRules)
    broker_options: Mapping[str, Any] = field(default_factory=dict)
    results_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_shared(self) -> bool:
        """Whether other processes reach the same stores."""
        return self.broker.scheme != "memory"

    def to_fields(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `to_fields` returned.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        return cls(
            broker=_read_url(fields["broker"]),
            results=_read_url(fields["results"]),
            rules=EngineRules(**fields["rules"]),
            broker_options=dict(fields["broker_options"]),
            results_options=dict(fields["results_options"]),
        )


def _read_url(fields: Mapping[str, Any]) -> StoreURL:
    values = dict(fields)
    values["addresses"] = tuple((host, port) for host, port in fields["addresses"])
    return StoreURL(**values)
