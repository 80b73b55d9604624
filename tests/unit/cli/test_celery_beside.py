"""What `taskhub doctor` says of the import name `celery`."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from taskhub.cli.application import ApplicationNotFound, find_app
from taskhub.cli.checks.clash import CeleryNames, celery_names, complain_of
from taskhub.cli.checks.packages import check_celery, check_namesake


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (CeleryNames("", (), None), None),
        (CeleryNames("5.7.0", (), False), None),
        (CeleryNames("", ("taskhub-compat 0.1.0",), True), None),
        (CeleryNames("5.7.0", ("taskhub-compat 0.1.0",), True), "`import celery` finds taskhub's"),
        (CeleryNames("5.7.0", ("taskhub-compat 0.1.0",), False), "`import celery` finds Celery's"),
        (CeleryNames("5.7.0", ("taskhub-compat 0.1.0",), None), "`import celery` finds nothing"),
        (
            CeleryNames("", ("taskhub-compat 0.1.0",), None),
            "the files of taskhub-compat 0.1.0 are gone",
        ),
        (CeleryNames("", ("taskhub-compat 0.1.0",), False), "are gone"),
    ],
)
def test_what_is_wrong_is_one_sentence(names: CeleryNames, words: str | None) -> None:
    complaint = complain_of(names)
    assert (complaint is None) == (words is None)
    if complaint is not None:
        assert words is not None
        assert words in complaint.message
        assert "install" in complaint.advice


def test_here_it_is_ours() -> None:
    app: Any = None
    (finding,) = check_celery(app)
    assert (finding.level, complain_of(celery_names())) == ("ok", None)
    assert "`import celery` is taskhub-compat" in finding.detail


def test_an_app_of_celerys_own_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = type("Celery", (), {"__module__": "celery.app.base"})
    module = ModuleType("shop_of_celerys")
    vars(module)["app"] = theirs()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in (module.__name__, f"{module.__name__}:app"):
        with pytest.raises(ApplicationNotFound, match="is Celery's own, not taskhub's"):
            find_app(name)


@pytest.mark.parametrize("brings", ["taskhub", "something_else", None])
def test_a_namesake_that_overwrites_our_files_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, brings: str | None
) -> None:
    def distribution(name: str) -> metadata.Distribution:
        assert name == "taskhub"
        if brings is None:
            raise metadata.PackageNotFoundError(name)
        return metadata.Distribution.at(tmp_path)

    (tmp_path / "METADATA").write_text("Metadata-Version: 2.1\nName: taskhub\nVersion: 0.7.3\n")
    (tmp_path / "RECORD").write_text(f"{brings}/__init__.py,,0\n")
    monkeypatch.setattr(metadata, "distribution", distribution)
    app: Any = None
    found = list(check_namesake(app))
    assert [finding.level for finding in found] == (["fail"] if brings == "taskhub" else [])
    assert all("taskhub 0.7.3 is not this one" in finding.detail for finding in found)
