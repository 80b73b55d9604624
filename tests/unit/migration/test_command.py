"""`taskhub migrate check`: what it reads, prints, and ends with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from taskhub.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["migrate", "check", *map(str, arguments)])
    output = capsys.readouterr()
    return code, output.out, output.err


def test_nothing_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.py").write_text("import json\n")
    code, output, _ = run(capsys, tmp_path)
    assert code == 0
    assert "1 file read, 0 with Celery: 0 unsupported" in output
    assert "Nothing was found" in output


def test_findings_are_grouped_and_secrets_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.py").write_text(
        "from celery import Celery\napp = Celery(broker='amqp://me:secret@rabbit', "
        "task_acks_late=True)\n"
    )
    (tmp_path / "b.py").write_text("from a import app\napp.fixups\napp.fixups\n" * 8)
    code, output, _ = run(capsys, tmp_path)
    assert code == 1
    assert "secret" not in output
    assert "amqp://me:**@rabbit asks for the transport 'amqp'" in output
    assert output.count("app.fixups: apps don't have it") == 1
    assert "b.py:2\n" in output
    assert "and 4 more (--json lists all)" in output
    assert "memory:// (work: a line at each place)" in output
    assert "work: 0 places to write anew, 17 lines to change, 0 places to look at" in output

    code, output, _ = run(capsys, tmp_path, "--json")
    lines = [json.loads(line) for line in output.splitlines()]
    assert code == 1
    assert len(lines) == 18
    assert lines[0]["level"] == "unsupported"
    assert (lines[0]["path"], lines[0]["line"], lines[0]["work"]) == ("a.py", 2, "line")
    assert lines[-1]["work"] == {"rework": 0, "look": 0, "line": 17, "nothing": 0}
    assert lines[-1]["counts"] == {
        "unsupported": 17,
        "differs": 0,
        "without-effect": 0,
        "unverified": 0,
    }
    assert "secret" not in output

    code, output, _ = run(capsys, tmp_path, "--only", "differs")
    assert code == 0
    assert "17 unsupported" in output


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "binary.py").write_bytes(b"x = 1\0\0")
    (tmp_path / "large.json").write_bytes(b"1" * 2_000_001)
    (tmp_path / "odd.py").write_bytes(b"x = '\xff'\n")
    (tmp_path / "latin.py").write_bytes(
        "# coding: latin-1\nx = 'é'\nimport celery.security\n".encode("latin-1")
    )
    (tmp_path / "unknown.py").write_bytes(b"# coding: klingon\n")
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbfimport celery.security\r\n")
    (tmp_path / "large.py").write_bytes(b"#" * 2_000_001)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "script.sh").write_bytes("# é\r\ncelery -A p worker -B\r\n".encode("latin-1"))
    (tmp_path / "wide.env").write_text("CELERY_BROKER_URL=sqs://\n", "utf-16")
    for name in (".venv", "node_modules", "package"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.py").write_text("import celery.security\n")
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    (tmp_path / "linked").symlink_to(tmp_path / "package")
    code, output, _ = run(capsys, tmp_path, "--json")
    lines = [json.loads(line) for line in output.splitlines()]
    found = {(line["path"], line["level"], line["subject"]) for line in lines[:-1]}
    assert code == 1
    assert found == {
        ("binary.py", "unverified", "a file"),
        ("odd.py", "unverified", "a file"),
        ("unknown.py", "unverified", "a file"),
        ("large.py", "unverified", "a file"),
        ("latin.py", "unsupported", "celery.security"),
        ("bom.py", "unsupported", "celery.security"),
        ("package/m.py", "unsupported", "celery.security"),
        ("script.sh", "differs", "celery worker -B"),
        ("wide.env", "unsupported", "broker_url sqs://"),
    }
    assert set(lines[-1]["passed_over"]) == {".venv", "node_modules", "linked"}
    assert lines[-1]["files"] == 9


def test_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Procfile").write_text("worker: celery -A p worker -B\n")
    assert run(capsys, tmp_path / "Procfile")[0] == 1
    (tmp_path / "x.bin").write_bytes(b"\0\1")
    code, output, _ = run(capsys, tmp_path / "x.bin")
    assert code == 1
    assert "it is not a text" in output


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = run(capsys, tmp_path / "nowhere")
    assert code == 2
    assert error == f"error: there is nothing at {tmp_path}/nowhere: name a directory or a file\n"
    code, _, error = run(capsys, tmp_path)
    assert code == 2
    assert "nothing to read" in error
    assert run(capsys)[0] == 2
    assert run(capsys, tmp_path, "--only", "all")[0] == 2
    if os.geteuid():
        (tmp_path / "closed").mkdir(mode=0)
        assert run(capsys, tmp_path / "closed")[0] == 2
