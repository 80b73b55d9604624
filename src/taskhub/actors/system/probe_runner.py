"""Concurrent probes with a common timeout: a slow one delays neither the others nor the caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from taskhub.health import Check
from taskhub.stores import mask_url

__all__ = ("Look", "Prober")


@dataclass(frozen=True)
class Look:
    """The result of a probe.

    Args:
        seconds: How long it took, or has taken so far.
        value: What was seen; None if `error` says why it was not.
        error: One line; None: it was seen.
    """

    seconds: float
    value: Any = None
    error: str | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to see."""
        return self.value is None and self.error is None

    def as_check(self) -> Check:
        """Return the check that it saw; a failed one if it saw nothing."""
        if self.error is not None:
            return Check(False, self.seconds, self.error)
        assert isinstance(self.value, Check)
        return self.value


class Prober:
    """Looks at things in threads of their own, each for a limited time.

    What hangs goes on hanging in its thread: it is not looked at again until that has ended, so
    threads do not pile up. May be used by several threads: those that look at the same thing at the
    same time share what is seen.

    Args:
        timeout: Seconds that each look may take.
        clock: Seconds, ever growing.
    """

    def __init__(self, timeout: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout = timeout
        self._clock = clock
        self._running: dict[str, _Probe] = {}
        self._lock = threading.Lock()

    def run(self, probes: Mapping[str, Callable[[], Any]]) -> dict[str, Look]:
        """Run all probes at once and return their findings; takes no longer than the timeout."""
        looks: dict[str, Look] = {}
        begun: dict[str, _Probe] = {}
        with self._lock:
            for name, probe in probes.items():
                before = self._running.get(name)
                if before is None or before.look is not None:
                    begun[name] = self._running[name] = _Probe(name, probe, self._clock)
                    begun[name].start()
                elif (age := self._clock() - before.began) < self._timeout:
                    begun[name] = before
                else:
                    looks[name] = Look(age, error=f"an earlier look at it hangs for {age:.0f} s")
        deadline = self._clock() + self._timeout
        for name, running in begun.items():
            running.join(max(0.0, deadline - self._clock()))
            looks[name] = running.look or Look(
                self._timeout, error=f"did not answer within {self._timeout:g} s"
            )
        self._forget(begun)
        return {name: looks[name] for name in probes}

    def _forget(self, begun: Mapping[str, _Probe]) -> None:
        """Drop what has ended, and what it saw."""
        with self._lock:
            for name, running in begun.items():
                if running.look is not None and self._running.get(name) is running:
                    del self._running[name]


class _Probe(threading.Thread):
    def __init__(self, name: str, probe: Callable[[], Any], clock: Callable[[], float]) -> None:
        super().__init__(name=f"taskhub-probe-{name}", daemon=True)
        self._probe = probe
        self._clock = clock
        self.began = clock()
        self.look: Look | None = None

    def run(self) -> None:
        try:
            value = self._probe()
        except Exception as error:
            # A probe looks at what others have written and configured: anything may come.
            text = " ".join(mask_url(str(error)).split()) or type(error).__name__
            self.look = Look(self._clock() - self.began, error=text)
        else:
            self.look = Look(self._clock() - self.began, value)
