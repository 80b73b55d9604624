"""Attributes of the app that other distributions add."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub import Celery
from taskhub.app import attributes


class Extension:
    """What an entry point of `taskhub.app_attributes` names."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    @property
    def depot(self) -> str:
        return f"depot of {self._app.main}"

    @property
    def broken(self) -> Any:
        raise AttributeError("inside")

    def pack(self, count: int) -> int:
        return count * 2


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[type[Any]]:
    """The classes that count as installed."""
    classes: list[type[Any]] = []
    monkeypatch.setattr(attributes, "extension_classes", lambda: tuple(classes))
    return classes


def make_app() -> Celery:
    return Celery("shop", broker="memory://", set_as_current=False)


def test_the_app_has_what_an_installed_distribution_adds(installed: list[type[Any]]) -> None:
    installed.append(Extension)
    app: Any = make_app()
    assert (app.depot, app.pack(2)) == ("depot of shop", 4)
    assert {"depot", "pack", "tasks"} <= set(dir(app))
    app.depot = "another"
    assert app.depot == "another"


def test_one_object_serves_an_app(installed: list[type[Any]]) -> None:
    installed.append(Extension)
    one: Any = make_app()
    other: Any = make_app()
    assert one.pack.__self__ is one.pack.__self__
    assert one.pack.__self__ is not other.pack.__self__


def test_a_name_of_celerys_says_which_distribution_has_it(installed: list[type[Any]]) -> None:
    app = make_app()
    assert not hasattr(app, "amqp")
    with pytest.raises(AttributeError, match=r"app\.amqp is part of taskhub-compat, which is not"):
        _ = app.amqp


def test_an_unknown_name_is_unknown(installed: list[type[Any]]) -> None:
    installed.append(Extension)
    app: Any = make_app()
    with pytest.raises(AttributeError, match=r"^'Celery' object has no attribute 'amq'$"):
        _ = app.amq
    assert not hasattr(app, "_app_of_somebody")


def test_the_error_inside_of_an_attribute_is_shown(installed: list[type[Any]]) -> None:
    installed.append(Extension)
    app: Any = make_app()
    with pytest.raises(AttributeError, match=r"^inside$"):
        _ = app.broken


def test_the_error_inside_of_a_property_is_shown(installed: list[type[Any]]) -> None:
    class Shop(Celery):
        @property
        def till(self) -> Any:
            raise AttributeError("the till is closed")

    app = Shop("shop", broker="memory://", set_as_current=False)
    with pytest.raises(AttributeError, match="the till is closed"):
        _ = app.till


def test_taskhub_compat_adds_every_name_that_the_app_declares() -> None:
    app = make_app()
    missing = {name for name in attributes.AppAttributes.__annotations__ if not hasattr(app, name)}
    assert missing == set()


@pytest.mark.parametrize(
    ("name", "advice"), [("oid", "use app.main"), ("prepare_config", "use app.conf")]
)
def test_an_attribute_of_celery_s_app_alone_says_what_to_do_instead(name: str, advice: str) -> None:
    with Celery("attributes", broker="memory://", set_as_current=False) as app:
        assert not hasattr(app, name)
        with pytest.raises(AttributeError, match=f"has no attribute '{name}': {advice}"):
            getattr(app, name)


def test_the_backend_reads_a_document_by_celery_s_private_name() -> None:
    with Celery("attributes", broker="memory://", set_as_current=False) as app:
        assert app.backend._get_task_meta_for("unknown")["status"] == "PENDING"
