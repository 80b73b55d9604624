"""What the fixture answers, and every text of the pages: no browser is needed for these."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import taskhub
from tests.web.fixture import (
    audit,
    canvas,
    limits,
    queues,
    schedule,
    settings,
    task,
    tasks,
    workers,
)
from tests.web.fixture.overview import early_overview, empty_overview, overview
from tests.web.fixture.session import DOCUMENT, session

STATIC = Path(taskhub.__file__).parent / "web/static"
ANSWERS: dict[str, tuple[str, Any]] = {
    "overview": ("Overview", overview()),
    "early overview": ("Overview", early_overview()),
    "empty overview": ("Overview", empty_overview()),
    "session": ("Session", session()),
    "nobody": ("Session", session(None)),
    "tasks": ("TaskPage", tasks.page("")),
    "groups": ("TaskGroupPage", tasks.group_page("")),
    "plan": ("ActionPlan", tasks.plan("retry", "")),
    "job": ("Job", tasks.job()),
    "suggestions": ("Suggestions", tasks.suggestions("queue:")),
    "failed": ("TaskDetail", task.failed()),
    "waiting": ("TaskDetail", task.waiting()),
    "canvas": ("Canvas", canvas.canvas()),
    "large canvas": ("Canvas", canvas.large_canvas()),
    "queues": ("QueuePage", queues.queues(False)),
    "queue": ("QueueDetail", queues.queue("quant")),
    "workers": ("WorkerPage", workers.workers(False)),
    "schedule": ("Schedule", schedule.schedule(False)),
    "limits": ("Limits", limits.limits(False)),
    "settings": ("Settings", settings.settings()),
    "doctor": ("Doctor", settings.doctor()),
    "audit": ("AuditPage", audit.audit(False)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_fixture_answers_as_the_api_is_documented(name: str) -> None:
    schema, body = ANSWERS[name]
    document = {**DOCUMENT, "$ref": f"#/components/schemas/{schema}"}
    found = Draft202012Validator(document).iter_errors(json.loads(json.dumps(body)))
    assert [f"{error.json_path}: {error.message[:200]}" for error in found] == []


def _modules() -> dict[str, str]:
    return {
        str(path.relative_to(STATIC)): path.read_text()
        for path in STATIC.rglob("*.js")
        if path.relative_to(STATIC).parts[0] not in ("vendor", "i18n")
    }


def _translated() -> dict[str, str]:
    text = (STATIC / "i18n/zh.js").read_text()
    body = text[text.index("{") : text.rindex("}")].rstrip().rstrip(",") + "}"
    found: dict[str, str] = json.loads(body)
    return found


def test_every_text_has_a_translation_with_the_same_values() -> None:
    translated = _translated()
    missing = []
    for name, code in _modules().items():
        for literal in re.findall(r'\b(?:t|parts)\(\s*("(?:[^"\\]|\\.)*")', code):
            text = json.loads(literal)
            if text not in translated and not text.endswith("@"):
                missing.append(f"{name}: {text}")
        for literal in re.findall(r'"(?:[^"\\\n]|\\.)*\{n[|}](?:[^"\\\n]|\\.)*"', code):
            text = json.loads(literal)
            if text not in translated:
                missing.append(f"{name}: {text}")
    assert missing == []
    unknown = [
        f"{key}: {name}"
        for key, value in translated.items()
        for name in re.findall(r"\{(\w+)\}", value)
        if f"{{{name}" not in key
    ]
    assert unknown == [], "translations name values that there are not"


def test_no_module_is_too_large_and_none_reaches_outside() -> None:
    modules = _modules()
    assert [name for name, code in modules.items() if code.count("\n") > 300] == []
    for name, code in modules.items():
        assert not re.search(r"https?://|innerHTML|insertAdjacentHTML|\beval\(", code), name
        for target in re.findall(r'from "([^"]+)"', code):
            assert ((STATIC / name).parent / target).is_file(), f"{name} imports {target}"


def test_vendored_files_keep_their_licences() -> None:
    for folder in (STATIC / "vendor").iterdir():
        assert list(folder.glob("LICENSE*")), folder
