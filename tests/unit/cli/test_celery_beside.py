"""What `taskhub doctor` says of the import name `celery`."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import pytest

from taskhub.cli.checks.packages import check_celery


@pytest.mark.parametrize(
    ("installed", "level", "words"),
    [
        ({}, None, ""),
        ({"taskhub-compat": "0.1.0"}, "ok", "`import celery` is taskhub-compat 0.1.0"),
        ({"taskhub-compat": "0.1.0", "celery": "5.7.0+taskhub.0.1.0"}, "ok", "taskhub-compat"),
        ({"celery": "5.7.0"}, "warn", "Celery's own"),
        ({"taskhub-compat": "0.1.0", "celery": "5.7.0"}, "fail", "both bring the module"),
    ],
)
def test_it_is_told_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, installed: dict[str, str], level: str | None, words: str
) -> None:
    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(metadata, "version", version)
    app: Any = None
    found = list(check_celery(app))
    assert [finding.level for finding in found] == ([] if level is None else [level])
    assert all(words in f"{finding.detail} {finding.advice}" for finding in found)
