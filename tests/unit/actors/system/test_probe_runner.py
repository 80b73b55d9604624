"""Looks that hang or break keep nobody waiting, and are told."""

from __future__ import annotations

import threading

from taskhub.actors.system import Prober, measure_host
from taskhub.health import Check
from tests.support.workers import until


def test_everything_is_looked_at_at_once_and_what_breaks_is_told() -> None:
    met = threading.Barrier(2, timeout=30)

    def meets() -> Check:
        met.wait()
        return Check(True, 0.1, "well")

    def breaks() -> Check:
        raise OSError("redis://user:secret@host\nis away")

    looks = Prober(30).run({"a": meets, "b": meets, "c": breaks, "d": lambda: None})
    assert list(looks) == ["a", "b", "c", "d"]
    assert looks["a"].as_check() == looks["b"].as_check() == Check(True, 0.1, "well")
    broken = looks["c"].as_check()
    assert (broken.ok, broken.detail) == (False, "redis://user:**@host is away")
    assert looks["d"].is_nothing


def test_what_was_seen_is_not_kept() -> None:
    prober = Prober(30)
    assert prober.run({"a": lambda: "much", "b": dict})["a"].value == "much"
    assert prober._running == {}


def test_what_hangs_is_left_alone_until_it_has_ended() -> None:
    release, begun = threading.Event(), []

    def hangs() -> Check:
        begun.append(1)
        release.wait(60)
        return Check(True, 0.0, "late")

    prober = Prober(0.05)
    quick = {"quick": lambda: Check(True, 0.0, "quick")}
    first = prober.run({"slow": hangs, **quick})
    assert first["slow"].as_check().detail == "did not answer within 0.05 s"
    second = prober.run({"slow": hangs, **quick})
    assert second["slow"].as_check().detail.startswith("an earlier look at it hangs for")
    assert len(begun) == 1
    assert second["quick"].as_check().ok
    release.set()
    until(lambda: Prober.run(prober, {"slow": hangs})["slow"].value, "it to be looked at again")
    assert len(begun) == 2


def test_who_looks_at_the_same_time_shares_what_is_seen() -> None:
    release, begun = threading.Event(), []

    def waits() -> Check:
        begun.append(1)
        release.wait(60)
        return Check(True, 0.0, "seen")

    prober, seen = Prober(30), []
    lookers = [
        threading.Thread(target=lambda: seen.append(prober.run({"one": waits})["one"].as_check()))
        for _ in range(4)
    ]
    for looker in lookers:
        looker.start()
    until(lambda: begun, "the look to begin")
    release.set()
    for looker in lookers:
        looker.join(30)
    assert [check.detail for check in seen] == ["seen"] * 4


def test_this_host_is_measured(tmp_path: object) -> None:
    from pathlib import Path

    found = measure_host([Path("/"), Path("/not/there"), Path(str(tmp_path))], interval=0.01)
    assert found.name
    assert 0 <= found.cpu_percent <= 100
    assert 0 < found.memory_percent < 100
    assert found.memory_available < found.memory_total
    assert found.disks[0].path == "/"
    assert found.disks[0].total > 0
    # What is not there counts as its nearest parent, and each file system once.
    assert len(found.disks) <= 2
