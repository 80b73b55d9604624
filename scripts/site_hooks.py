"""What MkDocs does beyond its plugins, so that docs/ reads the same on a code host and as a site.

- The addresses of the repository and of the site are those of `[project.urls]` in pyproject.toml.
- Links that leave docs/ lead to the repository.
- Hidden comments for tests/docs are left out.
- A translation has the anchors of its original, too, so that links with them lead to either.
- Lines of Chinese are joined without a space.
- A translation may link to its original, and a page without a translation says so.
"""

from __future__ import annotations

import logging
import posixpath
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import jieba
from mkdocs.plugins import event_priority
from pymdownx.slugs import slugify

ROOT: Final = Path(__file__).resolve().parents[1]
DEFAULT_LANGUAGE: Final = "en"
#: Shown above pages that have no translation, by language.
UNTRANSLATED: Final = {"zh": "本页尚无中文版，以下为英文原文。"}

_log = logging.getLogger("mkdocs.hooks.taskhub")
_slug = slugify(case="lower")
_FENCED: Final = r"(?ms)^```.*?^```$"
_LINK: Final = re.compile(_FENCED + r"|`[^`\n]*`|\]\((?P<target>[^)\s]+)\)")
_HEADING: Final = re.compile(_FENCED + r"|^(?P<level>#+) (?P<text>[^\n]+)$")
_TEST_COMMENT: Final = re.compile(r"(?m)^<!-- (?:run|not run): .*-->\n")
_CJK: Final = r"[\u3000-\u9fff\uff00-\uffef]"
_BROKEN_CHINESE: Final = re.compile(f"(?<={_CJK})\n *(?={_CJK})")
_ALTERNATE: Final = re.compile(r'<link rel="alternate"[^>]*hreflang[^>]*>\s*')


def on_startup(command: str, dirty: bool) -> None:
    """Print warnings only; `--quiet` would keep `--strict` from counting them."""
    if command == "build":
        for handler in logging.getLogger("mkdocs").handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setLevel(logging.WARNING)


def on_config(config: Any) -> None:
    """Take addresses from pyproject.toml."""
    jieba.setLogLevel(logging.WARNING)
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    config.repo_url = urls["Repository"]
    config.repo_name = urls["Repository"].removeprefix("https://github.com/")
    config.edit_uri = "edit/main/docs/"
    config.site_url = urls["Documentation"]
    # Each language is a build of its own. Other sites' links lead to the original's API reference,
    # its own to that of the same language.
    is_original = config.plugins["i18n"].current_language in (None, DEFAULT_LANGUAGE)
    config.plugins["mkdocstrings"].config.enable_inventory = is_original
    for urls_of_names in ("_primary_url_map", "_secondary_url_map"):
        getattr(config.plugins["autorefs"], urls_of_names).clear()


@event_priority(100)
def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Return a page's text as MkDocs understands it."""
    file = page.file
    language = file.locale_alternate_of
    markdown = _TEST_COMMENT.sub("", markdown)
    if file.localization is not None:
        markdown = _BROKEN_CHINESE.sub("", _with_anchors_of_original(markdown, file))
    elif language != DEFAULT_LANGUAGE:
        # Its original is found already.
        page.meta["search"] = {"exclude": True}
        title, _, rest = markdown.partition("\n")
        markdown = f'{title}\n\n!!! note ""\n    {UNTRANSLATED[language]}\n{rest}'

    if file.norm_src_uri == "index.md":
        page.meta["hide"] = ["navigation"]

    def change(found: re.Match[str]) -> str:
        target = found["target"]
        return found[0] if target is None else f"]({_target(target, file, config.repo_url)})"

    return _LINK.sub(change, markdown)


# After the plugin for languages, which makes the home page's links absolute.
@event_priority(-100)
def on_page_context(context: Any, page: Any, config: Any, nav: Any) -> Any:
    """Let the language switch lead to the same page, wherever the site is mounted."""
    for alternate in config.extra.alternate:
        other = page.file.alternates.get(alternate["lang"])
        if other is not None:
            alternate["link"] = other.url
    return context


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Leave out links for which the theme requests a sitemap of each page; sitemap.xml has them."""
    return _ALTERNATE.sub("", output)


def _target(target: str, file: Any, repository: str) -> str:
    """Return where a link leads on the site."""
    path, _, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", target):
        return target
    anchor = f"#{anchor}" if anchor else ""
    in_repository = posixpath.normpath(
        posixpath.join("docs", posixpath.dirname(file.src_uri), path)
    )
    found = ROOT / in_repository
    if not found.exists():
        _log.warning("%s links to %s, which does not exist", file.src_uri, target)
    if in_repository.startswith("docs/"):
        if file.localization is not None and in_repository == f"docs/{file.norm_src_uri}":
            # To the original, which this build does not have.
            return f"{_up(file)}{in_repository.removeprefix('docs/').removesuffix('.md')}/{anchor}"
        language = re.search(r"\.([a-z]{2})\.md$", path)
        if language is None or language[1] == file.locale_alternate_of:
            return target
        # A page in another language is no page of this build.
        name = in_repository.removeprefix("docs/").removesuffix(f".{language[1]}.md")
        return f"{_up(file)}{language[1]}/{name}/{anchor}"
    return f"{repository}/{'tree' if found.is_dir() else 'blob'}/main/{in_repository}{anchor}"


def _up(file: Any) -> str:
    """Return the way from a page to the root of the site."""
    return "../" * file.url.removeprefix("./").count("/")


def _with_anchors_of_original(markdown: str, file: Any) -> str:
    """Return a translation whose headings have the anchors of the original's headings, too."""
    original = ROOT / "docs" / file.norm_src_uri
    if not original.exists():
        return markdown
    anchors = _anchors(original.read_text("utf-8"))
    if len(anchors) != len(_anchors(markdown)):
        _log.warning("%s has other headings than %s", file.src_uri, file.norm_src_uri)
        return markdown
    remaining = iter(anchors)

    def change(found: re.Match[str]) -> str:
        if found["text"] is None:
            return found[0]
        anchor = next(remaining)
        is_title = found["level"] == "#"
        return found[0] if is_title else f'<a id="{anchor}"></a>\n\n{found[0]}'

    return _HEADING.sub(change, markdown)


def _anchors(markdown: str) -> list[str]:
    return [
        _slug(re.sub(r"[`*]", "", found["text"]), "-")
        for found in _HEADING.finditer(markdown)
        if found["text"] is not None
    ]
