"""The forms in which `-A` names an app."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import dramatiq.broker
import pytest

from taskhub.cli.application import ApplicationBroken, ApplicationNotFound, find_app

MODULES = {
    "attribute_app": "from taskhub import Celery\napp = Celery('x', set_as_current=False)\n",
    "attribute_celery": "from taskhub import Celery\ncelery = Celery('x', set_as_current=False)\n",
    "only_one": "from taskhub import Celery\nworkers = Celery('x', set_as_current=False)\n",
    "two": "from taskhub import Celery\n"
    "one, two = (Celery(n, set_as_current=False) for n in 'ab')\n",
    "none": "value = 1\ndef function(): pass\n",
    "sets_broker": "import dramatiq\nfrom taskhub.dramatiq import broker\n"
    "dramatiq.set_broker(broker('memory://'))\n",
    "may_set_broker": "import dramatiq\nfrom taskhub.dramatiq import broker\n"
    "def set_up(): dramatiq.set_broker(broker('memory://'))\n"
    "def make(): return broker('memory://')\n"
    "def fail(): raise ValueError('mine')\n",
    "package/__init__": "",
    "package/celery": "from taskhub import Celery\napp = Celery('x', set_as_current=False)\n",
    "missing_import": "import no_such_module_anywhere\n",
    "wants_kombu": "from kombu.serialization import register\n",
    "broken": "def fail():\n    raise ValueError('mine')\nfail()\n",
    "leaves": "raise SystemExit(3)\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A directory with modules of a name of its own, since modules stay imported."""
    prefix = f"found_{abs(hash(tmp_path)):x}_"
    for name, text in MODULES.items():
        path = tmp_path / f"{prefix}{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(dramatiq.broker, "global_broker", None)
    yield prefix
    for name in [name for name in sys.modules if name.startswith(prefix)]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "name",
    [
        "attribute_app",
        "attribute_app:app",
        "attribute_app.app",
        "attribute_celery",
        "only_one",
        "two:two",
        "package",
        "package.celery",
        "package.celery:app",
        "sets_broker",
        "may_set_broker:set_up",
        "may_set_broker:make",
    ],
)
def test_found(project: str, name: str) -> None:
    assert type(find_app(project + name)).__name__ == "Celery"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing", "there is no module"),
        ("two", "choose with -A"),
        ("none", "there is no app"),
        ("none:value", "is a int, not an app"),
        ("none:function", "makes no app"),
        ("may_set_broker", "there is no app"),
        ("only_one:app", "its apps: workers"),
        ("only_one.py", "write -A"),
        ("only_one:", "names no app"),
    ],
)
def test_not_found(project: str, name: str, words: str) -> None:
    with pytest.raises(ApplicationNotFound) as caught:
        find_app(project + name)
    assert words in str(caught.value)


def test_what_was_installed_with_celery_is_named(
    project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kombu", None)
    monkeypatch.delitem(sys.modules, "kombu.serialization", raising=False)
    with pytest.raises(ApplicationBroken, match="add kombu to the requirements"):
        find_app(f"{project}wants_kombu")
    with pytest.raises(ApplicationBroken) as caught:
        find_app(f"{project}missing_import")
    assert str(caught.value).endswith("No module named 'no_such_module_anywhere'")


@pytest.mark.parametrize("name", ["missing_import", "broken", "leaves"])
def test_broken(project: str, name: str) -> None:
    with pytest.raises(ApplicationBroken) as caught:
        find_app(project + name)
    assert f"{name}.py" in caught.value.shown
    assert "importlib" not in caught.value.shown
