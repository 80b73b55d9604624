"""Every test leaves everything as it found it, so that none meets what another one left."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from taskhub import current
from tests.support.isolation import Surroundings
from tests.support.longest_modules import LONGEST_MODULES

# pytest may keep bytecode of its own; programs that tests start, and change within a second, keep none.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

# Deadlines would be those of an idle machine.
settings.register_profile("taskhub", deadline=None)
settings.load_profile("taskhub")

#: Folders whose tests start no processes, or only those of a browser, which come and go as it likes.
_WITHOUT_PROCESSES = ("unit", "contract", "typing", "web")


_PLACES = {name: place for place, name in enumerate(LONGEST_MODULES)}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest tests where several processes share them."""
    if hasattr(config, "workerinput"):
        here = Path(__file__).parent
        items.sort(
            key=lambda item: _PLACES.get(item.path.relative_to(here).as_posix(), len(_PLACES))
        )


@contextmanager
def _same_loggers() -> Iterator[None]:
    """Give loggers the levels back that they had, and let records of all pass: `caplog` needs them.

    Workers in a test's process set up logging as the command does, for good.
    """
    manager = logging.root.manager
    before = {"": logging.root.level}
    before |= {
        name: found.level
        for name, found in manager.loggerDict.items()
        if isinstance(found, logging.Logger)
    }
    disabled = manager.disable
    yield
    manager.disable = disabled
    for name in ("", *manager.loggerDict):
        found = logging.getLogger(name)
        found.setLevel(before.get(name, logging.NOTSET))
        if name.partition(".")[0] == "taskhub":
            found.disabled, found.propagate = False, True


@pytest.fixture(autouse=True, scope="module")
def _loggers_of_a_module() -> Iterator[None]:
    with _same_loggers():
        yield


@pytest.fixture(autouse=True)
def isolation(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves threads, processes, or keys in a store that outlives it.

    It comes before all other fixtures of a test, and so after them in the end; what modules and the
    session share is there before it.
    """
    folder = request.path.relative_to(Path(__file__).parent).parts[0]
    apps = current.all_apps()
    surroundings = Surroundings(
        request.node.nodeid, with_processes=folder not in _WITHOUT_PROCESSES
    )
    yield
    # Apps that are alive share their tasks, and how long these live is up to the garbage collector.
    for app in current.all_apps():
        if app not in apps:
            current.deregister_app(app)
    if request.node.get_closest_marker("replaces_workers"):
        return
    left = surroundings.wait_for_the_rest()
    if left:
        pytest.fail("left behind for the next test:\n" + "\n".join(left), pytrace=False)
