"""Names of Celery's: all can be imported, and those that are not offered say so when they are used."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import sys

import pytest

import celery
from celery._imported_names import find_imported, imported_names
from celery._unsupported import Unsupported, celery_names
from celery.local import PromiseProxy, maybe_evaluate
from celery.utils import functional
from celery.utils.collections import LimitedSet
from celery.utils.imports import symbol_by_name
from taskhub import Celery

#: Modules that not every Python has.
_NEWER = {"annotationlib"}


@pytest.mark.parametrize("module", sorted(celery_names()))
def test_every_name_of_celery_can_be_imported(module: str) -> None:
    found = importlib.import_module(module)
    for name in celery_names()[module]:
        getattr(found, name)


def test_names_that_celerys_modules_only_import_are_those_of_their_origin() -> None:
    known = {"celery", *sys.stdlib_module_names}
    for module, names in imported_names().items():
        for name, path in names.items():
            if path.partition(".")[0] in known - _NEWER:
                assert find_imported(module, name) is not None, (module, name)
    from celery import states as own
    from celery.beat import crontab
    from celery.result import states

    assert states is own
    assert crontab is celery.schedules.crontab
    with pytest.raises(ImportError, match=r"does not offer celery\.beat\.nothing"):
        from celery.beat import nothing  # noqa: F401


def test_what_is_unsupported_text_is_a_class_until_it_is_used() -> None:
    from celery.backends.database import DatabaseBackend
    from celery.backends.rpc import BacklogLimitExceeded

    class Mine(DatabaseBackend):  # type: ignore[misc, valid-type]
        pass

    assert issubclass(DatabaseBackend, Unsupported)
    assert not isinstance(3, Mine)
    assert issubclass(BacklogLimitExceeded, Exception)
    with pytest.raises(NotImplementedError, match=r"celery\.backends\.database\.DatabaseBackend"):
        Mine()
    with pytest.raises(AttributeError, match="does not offer"):
        DatabaseBackend.from_config()


def test_attributes_of_modules_that_are_unsupported_text_can_be_set() -> None:
    from celery.concurrency import asynpool

    asynpool.PROC_ALIVE_TIMEOUT = 60.0
    assert vars(asynpool)["PROC_ALIVE_TIMEOUT"] == 60.0


def test_frameworks_can_ask_for_modules_that_nobody_has() -> None:
    assert importlib.util.find_spec("celery.models") is None
    assert importlib.util.find_spec("celery.admin") is None
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module("celery.models")
    assert caught.value.name == "celery.models"
    with pytest.raises(ModuleNotFoundError, match="shared_task"):
        importlib.import_module("celery.task")


def test_a_promise_is_made_once() -> None:
    calls: list[int] = []
    promise = PromiseProxy(lambda: calls.append(1) or [1, 2])  # type: ignore[func-returns-value]
    assert calls == []
    assert promise == [1, 2]
    assert maybe_evaluate(promise) == [1, 2]
    assert calls == [1]


def test_apps_are_pickled_and_called() -> None:
    app = Celery("pickled", broker="memory://", set_as_current=False)
    assert pickle.loads(pickle.dumps(app)) is app
    assert app() is app


def test_functions_on_sequences() -> None:
    assert list(functional.chunks(iter(range(5)), 2)) == [[0, 1], [2, 3], [4]]
    assert functional.padlist([1], 3, 0) == [1, 0, 0]
    assert functional.first(None, [None, 2]) == 2
    assert list(functional.lookahead([1, 2])) == [(1, 2), (2, None)]
    regenerated = functional.regen(iter([1, 2]))
    assert list(regenerated) == list(regenerated) == [1, 2]
    assert functional.maybe_list("a") == ["a"]


def test_a_limited_set_forgets_its_oldest() -> None:
    limited = LimitedSet(maxlen=2)
    for item in range(4):
        limited.add(item, now=float(item + 1))
    assert list(limited) == [2, 3]


def test_symbols_by_name() -> None:
    assert symbol_by_name("celery.app.base:Celery") is Celery
    assert symbol_by_name("celery.app.base.Celery") is Celery
    assert symbol_by_name("nothing.at.all", default=3) == 3
    assert symbol_by_name(Celery) is Celery


def test_the_steps_of_a_worker_start_in_the_order_of_what_they_require() -> None:
    from celery.bootsteps import Blueprint, StartStopStep

    said: list[str] = []

    class First(StartStopStep):
        requires = {"celery.worker.components:Timer"}  # noqa: RUF012 - as programs write it

        def start(self, parent: object) -> None:
            said.append("first")

        def stop(self, parent: object) -> None:
            said.append("-first")

    class Asecond(StartStopStep):
        requires = (First,)

        def start(self, parent: object) -> None:
            said.append("second")

        def stop(self, parent: object) -> None:
            raise LookupError

    class Parent:
        steps: list[object]

    parent = Parent()
    blueprint = Blueprint([Asecond, First]).apply(parent)
    blueprint.start(parent)
    blueprint.stop(parent)
    assert said == ["first", "second", "-first"]
    assert len(parent.steps) == 2


def test_modules_are_there_without_being_imported() -> None:
    assert celery.local.Proxy is not None
    assert celery.platforms.EX_OK == 0
