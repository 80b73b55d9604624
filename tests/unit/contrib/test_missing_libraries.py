"""A missing library of a part for a framework, or another version of it, is one clear line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("part", "library", "module"),
    [
        ("sentry", "sentry_sdk", "sentry_sdk"),
        ("opentelemetry", "opentelemetry", "opentelemetry"),
        ("opentelemetry", "opentelemetry.instrumentation", "opentelemetry.instrumentation"),
    ],
)
def test_a_library_of_another_version(tmp_path: Path, part: str, library: str, module: str) -> None:
    # It lacks what is imported from it; what is beside it in its package is the real one.
    package = tmp_path.joinpath(*module.split("."))
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('VERSION = "0.1.0"\n')
    done = subprocess.run(
        [sys.executable, "-c", f"import taskhub.contrib.{part}"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == (
        f"ModuleNotFoundError: taskhub.contrib.{part} needs another version of {library}: install "
        f"the extra taskhub-core[{part}]"
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
