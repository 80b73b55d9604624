"""Send calls to the three queues, and show in which order and how fast they are begun."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable

from taskhub import AsyncResult, ResultSet, group
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.exceptions import TimeoutError as LateError

from mailroom import PROVIDERS, app, newsletter, pack, reset_password, send_sms

#: Seconds to wait for workers.
PATIENCE = 30.0


def main() -> int:
    """Show everything; returns the exit code."""
    try:
        priorities()
        queues()
        rates()
        keys()
    except LateError:
        print("nothing was begun: does `taskhub -A mailroom worker` run?", file=sys.stderr)
        return 1
    except (ImproperlyConfigured, OperationalError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def priorities() -> None:
    chapter("Priorities: 9 first, and in their order within one")
    wanted = [1, 5, 9, 1, 5, 9, 1, 5, 9]
    # A group is stored in one step, so that all of them compete.
    calls = [pack.s(order).set(priority=priority) for order, priority in enumerate(wanted)]
    sent = group(calls).apply_async()
    begun = sorted(enumerate(begin_times(sent)), key=lambda pair: pair[1])
    print("sent: ", "  ".join(f"{order}:{priority}" for order, priority in enumerate(wanted)))
    print("begun:", "  ".join(f"{order}:{wanted[order]}" for order, _ in begun))


def queues() -> None:
    chapter("Queues: what is urgent does not wait behind what is not")
    flood = [newsletter.delay(f"reader {number}") for number in range(60)]
    began = time.time()
    urgent = reset_password.delay("ann").get(timeout=PATIENCE)
    print(f"behind {len(flood)} newsletters: a password was reset after {urgent - began:.3f} s")
    app.control.revoke([result.id for result in flood])


def rates() -> None:
    chapter(f"Rate limit of a task: {newsletter.rate_limit} over all workers")
    show_rate(newsletter.delay(f"reader {number}") for number in range(40))
    # It counts at once, also for calls that wait, and until it is changed again: set it back.
    app.control.rate_limit(newsletter.name, "60/s")
    print("changed to 60/s while everything runs:")
    show_rate(newsletter.delay(f"reader {number}") for number in range(60))
    app.control.rate_limit(newsletter.name, "20/s")


def keys() -> None:
    chapter("Rate limit of a key: each provider has its own")
    sent = {name: [send_sms[name].delay("555") for _ in range(10)] for name in PROVIDERS}
    for name, results in sent.items():
        times = begin_times(results)
        print(f"{name}: 10 messages at {PROVIDERS[name]} took {max(times) - min(times):.1f} s")


def show_rate(results: Iterable[AsyncResult[float]]) -> None:
    """Show how many calls were begun in each half of a second."""
    times = begin_times(results)
    counts = Counter(int((at - min(times)) / 0.5) for at in times)
    for half in range(max(counts) + 1):
        print(f"{half * 0.5:>4.1f} s  {'#' * counts[half]} {counts[half]}")


def begin_times(results: Iterable[AsyncResult[float]]) -> list[float]:
    times: list[float] = ResultSet(list(results)).get(timeout=PATIENCE)
    return times


def chapter(title: str) -> None:
    print(f"\n== {title}")


if __name__ == "__main__":
    sys.exit(main())
