"""A missing library of a part for a framework, or another version of it, is one clear line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def test_a_sentry_sdk_of_another_version(tmp_path: Path) -> None:
    package = tmp_path / "sentry_sdk"
    package.mkdir()
    (package / "__init__.py").write_text('VERSION = "1.0.0"\ndef init(): ...\n')
    done = subprocess.run(
        [sys.executable, "-c", "import taskhub.contrib.sentry"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: taskhub.contrib.sentry needs another version of sentry_sdk: install "
        "the extra taskhub-core[sentry]"
    )


#: Imports each module of `taskhub.contrib` by itself, where some libraries are missing; prints what each says.
EACH = """
import importlib, json, pkgutil, sys
import taskhub.contrib
sys.modules.update(dict.fromkeys(sys.argv[1:]))
said = {}
for found in pkgutil.walk_packages(taskhub.contrib.__path__, "taskhub.contrib.", onerror=said.get):
    said[found.name] = ""
names = [*said, "taskhub.contrib.django.testing", "taskhub.contrib.flask.extension", "taskhub.contrib.sentry.reports"]
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        said[name] = str(error)
    except Exception:  # Django has no settings here.
        pass
print(json.dumps(said))
"""


def missed(*libraries: str) -> dict[str, str]:
    """Return what the modules of `taskhub.contrib` say without some libraries; those that say nothing are left out."""
    done = subprocess.run(
        [sys.executable, "-c", EACH, *libraries], capture_output=True, text=True, check=True
    )
    return {
        name.removeprefix("taskhub.contrib."): text
        for name, text in json.loads(done.stdout).items()
        if text
    }


def test_each_part_names_the_library_that_it_lacks() -> None:
    libraries = ("django", "flask", "fastapi", "starlette", "sentry_sdk", "opentelemetry", "a2wsgi")

    def needs(name: str, library: str | None = None) -> str:
        library = library or name
        return (
            f"taskhub.contrib.{name} needs {library}, which is not installed: pip install {library}"
        )

    sentry = "taskhub.contrib.sentry needs sentry_sdk: install the extra taskhub-core[sentry]"
    assert missed(*libraries) == {
        "django": needs("django"),
        "django.testing": needs("django"),
        "fastapi": needs("fastapi"),
        "flask": needs("flask"),
        "flask.extension": needs("flask"),
        "opentelemetry": "taskhub.contrib.opentelemetry needs opentelemetry: install the extra "
        "taskhub-core[opentelemetry]",
        "sentry": sentry,
        "sentry.reports": sentry,
    }
    assert missed("a2wsgi") == {
        "flask.dashboard": "taskhub.contrib.flask.dashboard needs a2wsgi, which is not installed: pip install "
        "'taskhub-core[web]'"
    }
