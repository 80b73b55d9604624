"""Templates: subjects, texts and HTML in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taskhub.actors.mail.exceptions import InvalidMailError
from taskhub.actors.mail.renderer import render

WELCOME = {"user_id": 1, "username": "newuser", "sender_name": "示例"}
NOTIFICATION: dict[str, Any] = {
    "user_id": 1,
    "username": None,
    "title": "Done",
    "content": "One.\n\nTwo.",
    "action_url": None,
    "action_label": None,
    "sender_name": "Example",
}


def test_welcome() -> None:
    chinese = render("welcome", "zh", WELCOME)
    assert chinese.subject == "欢迎加入，newuser！"
    assert chinese.text.startswith("newuser，您好！\n\n欢迎加入 示例。")
    assert '<html lang="zh-CN">' in chinese.html
    assert "欢迎加入 示例" in chinese.html
    english = render("welcome", "en", WELCOME)
    assert english.subject == "Welcome, newuser!"
    assert english.text.startswith("Hello newuser,\n\nWelcome to 示例.")
    assert '<html lang="en">' in english.html


@pytest.mark.parametrize("language", ["zh", "zh-CN", "zh_TW", "ZH"])
def test_regions_share_their_language(language: str) -> None:
    assert render("welcome", language, WELCOME) == render("welcome", "zh", WELCOME)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("username", [None, "newuser"])
@pytest.mark.parametrize("url", [None, "https://example.com/?a=1&b=2"])
def test_notification(language: str, username: str | None, url: str | None) -> None:
    context = {**NOTIFICATION, "username": username, "action_url": url}
    mail = render("notification", language, context)
    assert mail.subject == "Done"
    assert "\n\nOne.\n\nTwo.\n" in mail.text
    assert mail.html.count("One.</p>") == mail.html.count("Two.</p>") == 1
    assert ("newuser" in mail.text) == ("newuser" in mail.html) == (username is not None)
    assert ("?a=1&b=2" in mail.text) == ('href="https://example.com/?a=1&amp;b=2"' in mail.html)
    assert ("href" in mail.html) == (url is not None)


def test_values_are_escaped_in_the_html_only() -> None:
    mail = render("welcome", "zh", {**WELCOME, "username": "<b>&amp;"})
    assert mail.subject == "欢迎加入，<b>&amp;！"
    assert "<b>&amp;，您好！" in mail.text
    assert "<b>" not in mail.html
    assert "&lt;b&gt;&amp;amp;" in mail.html


def test_a_subject_is_one_line() -> None:
    context = {**NOTIFICATION, "title": "Done\r\nBcc: a@example.com"}
    assert render("notification", "en", context).subject == "Done Bcc: a@example.com"


def test_a_missing_value_is_named() -> None:
    with pytest.raises(InvalidMailError, match="'username' is undefined"):
        render("welcome", "zh", {"sender_name": "x"})


def test_languages_and_names_that_are_not_there() -> None:
    with pytest.raises(InvalidMailError, match="'welcome' in the language 'fr': there is en, zh"):
        render("welcome", "fr", WELCOME)
    with pytest.raises(InvalidMailError, match="correct its name"):
        render("farewell", "zh", WELCOME)
    with pytest.raises(InvalidMailError):
        render("../../etc/passwd", "zh", WELCOME)


def test_templates_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "welcome.zh.txt").write_text("{% block subject %}您好{% endblock %}{{ username }}")
    (tmp_path / "report.zh.txt").write_text("no block")
    (tmp_path / "report.zh.html").write_text("")
    mail = render("welcome", "zh", WELCOME, directory=tmp_path)
    assert mail.subject == "您好"
    assert mail.html == render("welcome", "zh", WELCOME).html.replace("欢迎加入，newuser！", "您好")
    with pytest.raises(InvalidMailError, match="has no block 'subject'"):
        render("report", "zh", WELCOME, directory=tmp_path)
