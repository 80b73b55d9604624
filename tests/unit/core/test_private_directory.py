"""Directories in a shared place are this user's alone, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskhub.private_directory import (
    DirectoryRefused,
    check_private_directory,
    make_private_directory,
)


def test_it_is_made_and_found_again(tmp_path: Path) -> None:
    place = tmp_path / "mine"
    assert make_private_directory(place) == place
    assert make_private_directory(place) == place
    assert place.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_is_not_followed(tmp_path: Path, dangling: bool) -> None:
    target = tmp_path / "theirs"
    if not dangling:
        target.mkdir(mode=0o700)
    place = tmp_path / "mine"
    place.symlink_to(target)
    with pytest.raises(DirectoryRefused, match="is a link: remove it, or set TMPDIR"):
        make_private_directory(place)
    assert target.exists() != dangling


def test_one_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "open"
    place.mkdir()
    place.chmod(0o755)
    with pytest.raises(DirectoryRefused, match="mode 755"):
        make_private_directory(place)
    # As directories of a volume in a container are: it passes its group on.
    place.chmod(0o2700)
    check_private_directory(place)


def test_somebody_elses_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_private_directory(tmp_path / "mine")
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(DirectoryRefused, match="belongs to somebody else"):
        check_private_directory(place)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with pytest.raises(DirectoryRefused, match="is not a directory"):
        make_private_directory(tmp_path / "mine")
