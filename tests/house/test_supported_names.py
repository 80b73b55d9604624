"""The tables of `taskhub migrate check` say what there is."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess

import celery
from taskhub import Celery, Task
from taskhub_migration.supported_names import SUPPORTED
from taskhub_migration.tasks import APP_ATTRIBUTES, TASK_ATTRIBUTES
from tests.support.parity import REPOSITORY, oracle_python

_LIST_ATTRIBUTES = """
import celery, json
app = celery.Celery(broker="memory://")
print(json.dumps([sorted({*dir(app)}), sorted(dir(celery.Task))]))
"""


def test_the_table_has_every_module_and_name_of_the_distribution() -> None:
    modules = {"celery"} | {
        found.name
        for found in pkgutil.walk_packages(celery.__path__, "celery.")
        if not any(part.startswith("_") for part in found.name.replace("._state", "").split("."))
    }
    supported: dict[str, set[str]] = {}
    for name in modules:
        module = importlib.import_module(name)
        supported[name] = set(vars(module).get("__all__", ())) | set(
            vars(module).get("_MODULES", ())
        )
    for name in modules - {"celery"}:
        parent, _, last = name.rpartition(".")
        supported[parent].add(last)
    assert {name: sorted(names) for name, names in SUPPORTED.items()} == {
        name: sorted(names) for name, names in supported.items()
    }


def test_what_apps_and_tasks_of_celery_have_and_ours_have_not() -> None:
    done = subprocess.run(
        [str(oracle_python()), "-c", _LIST_ATTRIBUTES], capture_output=True, text=True, check=True
    )
    theirs = [{name for name in names if name[0] != "_"} for names in json.loads(done.stdout)]
    app = Celery(broker="memory://", set_as_current=False)
    assert theirs[0] - set(dir(app)) == APP_ATTRIBUTES.keys()
    assert theirs[1] - set(dir(Task)) == TASK_ATTRIBUTES.keys()


def test_the_page_lists_every_module_and_name() -> None:
    text = (REPOSITORY / "docs" / "compat.md").read_text()
    table = text.partition("## Every module and name")[2].partition("\n\n`kombu`")[0]
    rows = re.findall(r"^\| `(celery[\w.]*)` \| (`.*`) \|$", table, re.MULTILINE)
    listed = {module: set(re.findall(r"`([^`]+)`", names)) for module, names in rows}
    # Modules are in rows of their own.
    expected = {
        module: {name for name in names if f"{module}.{name}" not in SUPPORTED}
        for module, names in SUPPORTED.items()
    }
    assert listed == {module: names for module, names in expected.items() if names}
