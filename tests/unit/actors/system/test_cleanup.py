"""Old files go, and nothing else, wherever links lead."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from taskhub.actors.system import CleaningSettings, Folder, SystemConfigurationError, clean
from taskhub.actors.system.cleanup_settings import forbidden_places
from tests.support.environment import read

DAY = 86_400
NOW = time.time()


def age(path: Path, days: float) -> Path:
    """Let a file or folder look as if it was last changed so long ago."""
    os.utime(path, (NOW - days * DAY,) * 2, follow_symlinks=False)
    return path


def put(path: Path, days: float, content: str = "1234") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return age(path, days)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def settings(*places: Path, days: float = 7) -> CleaningSettings:
    return CleaningSettings(folders=tuple(Folder(place, days) for place in places))


def test_old_files_go_and_new_ones_stay(place: Path) -> None:
    old, deep = put(place / "old", 8), put(place / "a/b/deep", 8)
    put(place / "new", 6), put(place / "a/new", 0)
    age(place / "a/b", 8)
    told = clean(settings(place, place.parent / "nowhere"), now=NOW)
    assert not old.exists()
    assert not deep.parent.exists()
    assert sorted(path.name for path in place.rglob("*")) == ["a", "new", "new"]
    assert json.loads(json.dumps(told.as_dict())) == {
        "dry_run": False,
        "files": 2,
        "bytes": 8,
        "folders": 1,
        "errors": 0,
        "places": [
            {"folder": str(place), "older_than_days": 7, "files": 2, "bytes": 8},
            {
                "folder": str(place.parent / "nowhere"),
                "older_than_days": 7,
                "missing": True,
                "files": 0,
                "bytes": 0,
            },
        ],
    }


def test_a_dry_run_touches_nothing_and_tells_the_same(place: Path) -> None:
    put(place / "a/old", 8)
    age(place / "a", 8)
    told = clean(settings(place), dry_run=True, now=NOW)
    assert (told.files, told.bytes, told.folders) == (1, 4, 1)
    assert told.examples == [str(place / "a/old")]
    assert (place / "a/old").exists()
    again = clean(settings(place), now=NOW)
    assert (again.files, again.bytes, again.folders) == (1, 4, 1)
    assert list(place.iterdir()) == []


def test_links_are_neither_followed_nor_removed(place: Path, tmp_path: Path) -> None:
    outside = put(tmp_path / "outside/old", 30)
    age(outside.parent, 30)
    (place / "folder").symlink_to(outside.parent)
    (place / "file").symlink_to(outside)
    (place / "nowhere").symlink_to(tmp_path / "gone")
    for link in place.iterdir():
        age(link, 30)
    listener = socket.socket(socket.AF_UNIX)
    os.mkfifo(age(place, 30) / "pipe")
    age(place / "pipe", 30)
    told = clean(settings(place), now=NOW)
    listener.close()
    assert (told.files, told.errors) == (0, 0)
    assert outside.exists()
    assert {path.name for path in place.iterdir()} == {"folder", "file", "nowhere", "pipe"}


def test_a_folder_exchanged_for_a_link_meanwhile_is_not_followed(
    place: Path, tmp_path: Path
) -> None:
    """Somebody exchanges a folder and a link all the time, as fast as possible."""
    precious = tmp_path / "precious"
    for number in range(20):
        put(precious / f"{number}", 30)
    inner = place / "inner"
    inner.mkdir()
    (tmp_path / "link").symlink_to(precious)
    stopped = threading.Event()

    def exchange() -> None:
        while not stopped.is_set():
            os.rename(inner, tmp_path / "aside")
            os.rename(tmp_path / "link", inner)
            os.rename(inner, tmp_path / "link")
            os.rename(tmp_path / "aside", inner)

    attacker = threading.Thread(target=exchange)
    attacker.start()
    try:
        for _ in range(300):
            clean(settings(place), now=NOW)
    finally:
        stopped.set()
        attacker.join()
    assert len(list(precious.iterdir())) == 20


def test_what_is_still_linked_frees_nothing(place: Path, tmp_path: Path) -> None:
    old = put(place / "old", 8)
    os.link(old, tmp_path / "kept")
    told = clean(settings(place), now=NOW)
    assert (told.files, told.bytes) == (1, 0)
    assert (tmp_path / "kept").read_text() == "1234"


def test_names_that_are_no_text_and_very_deep_folders(place: Path) -> None:
    odd = os.fsencode(place) + b"/\xff"
    with open(odd, "wb"):
        pass
    os.utime(odd, (0, 0))
    bottom = place
    for _ in range(70):
        bottom /= "d"
    put(bottom / "old", 30)
    told = clean(settings(place), dry_run=True, now=NOW)
    assert told.examples == [f"{place}/\ufffd"]
    assert told.errors == 1
    assert next(iter(told.failed.values())) == "lies more than 64 folders deep"
    assert json.dumps(told.as_dict())
    assert clean(settings(place), now=NOW).files == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do anything")
def test_what_may_not_be_removed_is_told(place: Path) -> None:
    put(place / "locked/old", 8)
    put(place / "old", 8)
    (place / "locked").chmod(0o500)
    told = clean(settings(place), now=NOW)
    (place / "locked").chmod(0o700)
    assert (told.files, told.errors) == (1, 1)
    assert told.failed == {str(place / "locked/old"): "Permission denied"}


def test_by_default_the_homes_own_folder_is_cleaned(tmp_path: Path) -> None:
    home = tmp_path / ".taskhub"
    found = read(CleaningSettings, {}, home=home)
    assert found.folders == (Folder(home / "tmp", 7),)
    put(home / "tmp/old", 8)
    put(home / "quant.sqlite3", 30)
    assert clean(found, now=NOW).files == 1
    assert (home / "quant.sqlite3").exists()


def test_each_folder_may_have_an_age_of_its_own(place: Path) -> None:
    other = place.parent / "x=y"
    variables = {"TASKHUB_CLEAN_FOLDERS": f"{place}=0.5:{other}", "TASKHUB_CLEAN_DAYS": "30"}
    found = read(CleaningSettings, variables)
    assert found.folders == (Folder(place, 0.5), Folder(other, 30))


@pytest.mark.parametrize(
    ("folders", "days", "told"),
    [
        ("exports", "", "exports is not an absolute path"),
        ("~/exports", "", "~/exports is not an absolute path"),
        ("/", "", "/ holds more than temporary files"),
        ("//", "", "holds more than temporary files"),
        ("/tmp", "", "/tmp holds more than temporary files"),
        ("/etc/shop", "", "/etc/shop holds more than temporary files"),
        ("/srv/shop/../..", "", "leads upwards"),
        ("{home}", "", "holds more than temporary files"),
        ("{cwd}", "", "holds more than temporary files"),
        ("{project}/.taskhub", "", "holds more than temporary files"),
        ("{project}", "", "holds more than temporary files"),
        ("{link}", "", "holds more than temporary files"),
        ("/srv/shop=-1", "", "-1 is not a number of days"),
        ("/srv/shop", "soon", "TASKHUB_CLEAN_DAYS: 'soon' is not a number of days"),
    ],
)
def test_dangerous_or_odd_settings_are_refused(
    tmp_path: Path, folders: str, days: str, told: str
) -> None:
    (tmp_path / "link").symlink_to("/")
    places = {
        "home": Path.home(),
        "cwd": Path.cwd(),
        "project": tmp_path / "project",
        "link": tmp_path / "link",
    }
    variables = {"TASKHUB_CLEAN_FOLDERS": folders.format(**places), "TASKHUB_CLEAN_DAYS": days}
    with pytest.raises(SystemConfigurationError, match="TASKHUB_CLEAN_") as raised:
        read(CleaningSettings, variables, home=tmp_path / "project/.taskhub")
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_link_a_file_or_a_second_name_is_refused_before_anything_is_removed(
    place: Path, tmp_path: Path
) -> None:
    old = put(place / "old", 8)
    (tmp_path / "link").symlink_to(place)
    with pytest.raises(SystemConfigurationError, match="is a link: name the folder"):
        clean(settings(place, tmp_path / "link"), now=NOW)
    with pytest.raises(SystemConfigurationError, match="is not a folder"):
        clean(settings(place, put(tmp_path / "file", 0)), now=NOW)
    (tmp_path / "above").symlink_to(tmp_path)
    inner = CleaningSettings(home=place, folders=(Folder(tmp_path / "above/place", 7),))
    with pytest.raises(SystemConfigurationError, match="more than temporary files"):
        clean(inner, now=NOW)
    assert old.exists()


def test_the_project_and_all_above_it_are_forbidden(tmp_path: Path) -> None:
    found = forbidden_places(tmp_path / "a/.taskhub")
    assert {tmp_path / "a/.taskhub", tmp_path / "a", tmp_path, Path("/")} <= set(found)
    assert tmp_path / "a/.taskhub/tmp" not in found
