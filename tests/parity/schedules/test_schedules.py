"""Schedules are due when Celery's are: tens of thousands of generated pairs, each on both libraries."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.parity.schedules import generated
from tests.support import parity

SCRIPT: Final = Path(__file__).parent / "scripts" / "schedules.py"


def outcomes(library: str, kind: str, cases: list[Any]) -> list[Any]:
    """Return what each case comes to with a library."""
    done = subprocess.run(
        [str(parity.python(library)), str(SCRIPT), library],
        input=json.dumps({"kind": kind, "cases": cases}),
        capture_output=True,
        text=True,
        env=parity.environment(library),
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def compare(kind: str, cases: list[Any]) -> list[Any]:
    """Check that both libraries agree on every case; returns what they say."""
    ours, theirs = outcomes("taskhub", kind, cases), outcomes("celery", kind, cases)
    apart = [
        (case, us, them) for case, us, them in zip(cases, ours, theirs, strict=True) if us != them
    ]
    assert not apart, f"{len(apart)} of {len(cases)} differ, e.g. {apart[:3]}"
    return ours


@pytest.mark.parametrize("seed", range(4))
def test_crontabs(seed: int) -> None:
    found = compare("crontab", generated.crontabs(5_000, seed))

    # Not for want of cases: due and not, and few that are refused.
    due = [outcome[0] for outcome in found if isinstance(outcome, list)]
    assert len(due) > 0.9 * len(found)
    assert 0.1 * len(due) < sum(due) < 0.9 * len(due)


def test_intervals() -> None:
    found = compare("interval", generated.intervals(10_000, 5))

    assert {outcome[0] for outcome in found} == {True, False}


def test_events_of_the_sun() -> None:
    pytest.importorskip("ephem")
    chance = random.Random(7)
    events = [
        *("dawn_astronomical", "dawn_nautical", "dawn_civil", "sunrise", "solar_noon", "sunset"),
        *("dusk_civil", "dusk_nautical", "dusk_astronomical"),
    ]
    places = [(48.1, 11.6), (-33.9, 151.2), (69.6, 18.9), (0, 0), (-77.8, 166.7), (91, 0), (0, 181)]
    cases = []
    for event in (*events, "teatime"):
        for lat, lon in places:
            last = 1_700_000_000 + chance.randint(0, 366 * 86400)
            now = last + chance.choice((0, 3600, 86400))
            cases.append({"event": event, "lat": lat, "lon": lon, "last": last, "now": now})

    compare("sun", cases)


def test_fields() -> None:
    texts = [
        *(
            "*",
            "*/7",
            "3",
            "3-9",
            "9-3",
            "3-9/2",
            "50-10/7",
            "1,2,3",
            "mon",
            "mon-fri",
            "fri-mon/2",
        ),
        *("", ",", "1,", "*/", "*/0", "1-5/0", "1-", "-1", "60", "0", "7", "32", "1/2", "**", "*5"),
        *("1-5-7", "1-5/2/3", "*/5-3", "*/x", "1-5x", "nosuchday", "march", "mar-may", " 5", "5 "),
        *(
            "1_0",
            "+5",
            "1.5",
            "*,*",
            "SUNDAY",
            "sunny",
            "1-2-",
            "0-0",
            "6-6/9",
            "*/99",
            "a-b",
            "１",
        ),
    ]
    ranges = [(60, 0), (24, 0), (7, 0), (31, 1), (12, 1)]

    compare("field", [{"text": text, "range": limits} for text in texts for limits in ranges])


def test_schedules_as_values() -> None:
    compare("words", [None])
