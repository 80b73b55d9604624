"""What `make release` finds wrong with what was built: files, links, notices, licences."""

from __future__ import annotations

import re
import runpy
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest

from scripts.release.contents import VENDORED, complaints_about_wheel, vendored_without_notice
from scripts.release.distributions import DISTRIBUTIONS
from scripts.release.licences import complaints_about_licences, is_allowed

ROOT = Path(__file__).parents[2]


# ---------------------------------------------------------------------------------------- contents


def wheel_of(directory: Path, files: Mapping[str, str]) -> Path:
    path = directory / "taskhub_scheduler-1.0.0-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


INFO = "taskhub_scheduler-1.0.0.dist-info"
(SCHEDULER,) = (one for one in DISTRIBUTIONS if one.name == "taskhub-scheduler")
URLS = "".join(
    f"Project-URL: {name}, https://example.org\n"
    for name in ("Changelog", "Documentation", "Issues", "Repository")
)
GOOD = {
    "taskhub_scheduler/__init__.py": "",
    "taskhub_scheduler/py.typed": "",
    f"{INFO}/licenses/LICENSE": "",
    f"{INFO}/METADATA": "Name: taskhub-scheduler\nVersion: 1.0.0\nLicense-Expression: Apache-2.0\n"
    + URLS,
}


def complain(directory: Path, changes: Mapping[str, str | None]) -> list[str]:
    files = {name: text for name, text in {**GOOD, **changes}.items() if text is not None}
    return complaints_about_wheel(wheel_of(directory, files), SCHEDULER, "1.0.0", ["/srv/build"])


def test_a_good_wheel_has_nothing_wrong(tmp_path: Path) -> None:
    assert complain(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"taskhub_scheduler/py.typed": None}, "lacks taskhub_scheduler/py.typed"),
        ({f"{INFO}/licenses/LICENSE": None}, "lacks the licence file LICENSE"),
        ({"other/__init__.py": ""}, "has other, which is none of its packages"),
        ({"taskhub_scheduler/tests/a.py": ""}, "tests/a.py, which does not belong there"),
        ({"taskhub_scheduler/test_a.py": ""}, "test_a.py, which does not belong there"),
        ({"taskhub_scheduler/.env": ""}, ".env, which does not belong there"),
        ({"taskhub_scheduler/a.pyc": ""}, "a.pyc, which does not belong there"),
        ({"taskhub_scheduler/a.py": "x = '/srv/build/a'"}, "a path of this machine"),
        (
            {f"{INFO}/METADATA": GOOD[f"{INFO}/METADATA"].replace("1.0.0", "1.0.1")},
            "has the Version '1.0.1', not '1.0.0'",
        ),
        (
            {f"{INFO}/METADATA": GOOD[f"{INFO}/METADATA"].replace("Issues", "Bugs")},
            "lacks the addresses Issues",
        ),
        (
            {
                f"{INFO}/METADATA": f"{GOOD[f'{INFO}/METADATA']}\n[here](#a) [a](https://a) [b](docs/b.md)"
            },
            "with links that lead nowhere on an index: docs/b.md",
        ),
    ],
)
def test_what_is_wrong_with_a_wheel_is_named(
    changes: Mapping[str, str | None], complaint: str, tmp_path: Path
) -> None:
    (found,) = complain(tmp_path, changes)
    assert complaint in found


def test_links_of_the_readme_are_addresses_on_an_index() -> None:
    hook = runpy.run_path(str(ROOT / "hatch_build.py"))
    text = hook["with_addresses"]((ROOT / "README.md").read_text("utf-8"), "https://host/us")
    assert "[Guide](https://host/us/blob/main/docs/guide.md)" in text
    assert "](https://host/us/blob/main/docs/reliability.md#what-is-not-covered)" in text
    assert "](https://host/us/raw/main/docs/images/dashboard-light.png)" in text
    assert "(#status-and-limits)" in text
    paths = re.findall(r"https://host/us/(?:blob|raw)/main/([^)#]+)", text)
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_vendored_code_needs_its_licence_and_a_notice(tmp_path: Path) -> None:
    core = DISTRIBUTIONS[0]
    info = "taskhub_core-1.0.0.dist-info"
    files = {name.replace("taskhub_scheduler", "taskhub"): text for name, text in GOOD.items()}
    files = {
        name.replace("taskhub-1.0.0", "taskhub_core-1.0.0"): text for name, text in files.items()
    }
    files[f"{info}/METADATA"] = files[f"{info}/METADATA"].replace(
        "taskhub-scheduler", "taskhub-core"
    )
    files |= {f"{info}/licenses/NOTICE": "nothing", f"{VENDORED}/chart/chart.js": ""}
    found = complaints_about_wheel(wheel_of(tmp_path, files), core, "1.0.0", [])
    assert [one.partition(" has ")[2] for one in found] == [
        f"{VENDORED}/chart without its licence (a file LICENSE*)",
        f"{VENDORED}/chart, which NOTICE does not name",
    ]


def test_the_notice_names_all_that_is_vendored() -> None:
    directories = [path.name for path in (ROOT / "src" / VENDORED).iterdir()]
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert directories
    assert vendored_without_notice(directories, notice) == []
    for licence in (ROOT / "src" / VENDORED).rglob("LICENSE*"):
        assert licence.name in notice, licence


# ---------------------------------------------------------------------------------------- licences


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MIT License; BSD License", True),
        ("Apache-2.0 AND MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("(GPL-2.0-only OR LGPL-3.0-or-later)", True),
        ("GNU General Public License v3 (GPLv3)", False),
        ("MIT AND GPL-3.0-only", False),
        ("MIT License; GNU Affero General Public License v3", False),
        ("UNKNOWN", False),
        ("", False),
    ],
)
def test_licences_that_are_allowed(licence: str, allowed: bool) -> None:
    assert is_allowed(licence) is allowed


def test_a_licence_that_is_not_allowed_is_named_with_its_distribution() -> None:
    rows = [
        {"Name": "good", "Version": "1", "License": "MIT"},
        {"Name": "bad", "Version": "2", "License": "GPL-3.0-only"},
    ]
    (found,) = complaints_about_licences(rows)
    assert found.startswith("bad 2 is under 'GPL-3.0-only', which is not among the allowed")
