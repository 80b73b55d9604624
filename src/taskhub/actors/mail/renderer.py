"""Mail from templates: the subject, the text and the HTML of one mail in one language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub.actors.mail.exceptions import InvalidMailError
from taskhub.actors.mail.extra import load

if TYPE_CHECKING:
    from jinja2 import Environment, Template

__all__ = ("RenderedMail", "render")


class RenderedMail(NamedTuple):
    """What a template made."""

    subject: str
    text: str
    html: str


def render(
    template: str, language: str, context: Mapping[str, Any], *, directory: Path | None = None
) -> RenderedMail:
    """Render ``<template>.<language>.txt``, whose block ``subject`` is the subject, and ``.html``.

    Args:
        template: ``welcome`` or ``notification``, or a name of one's own in ``directory``.
        language: ``zh`` or ``en``; of ``zh-CN``, the part before the hyphen is tried as well.
        context: The values of the template; all that it uses must be there. They are escaped in the
            HTML.
        directory: Where templates are looked for first.

    Raises:
        InvalidMailError: There is no such template in this language, or it uses a value that is not
            in ``context``.
    """
    jinja2 = load("jinja2")
    environment = _environment(directory)
    try:
        text = _template(environment, template, language, "txt")
        html = _template(environment, template, language, "html")
        block = text.blocks["subject"]
        subject = " ".join("".join(block(text.new_context(dict(context)))).split())
        values = {**context, "subject": subject}
        return RenderedMail(subject, text.render(values).strip() + "\n", html.render(values))
    except KeyError as error:
        raise InvalidMailError(f"mail template {template!r} has no block {error}") from None
    except jinja2.TemplateError as error:
        raise InvalidMailError(f"mail template {template!r} ({language}): {error}") from error


@lru_cache(maxsize=8)
def _environment(directory: Path | None) -> Environment:
    from jinja2 import (
        ChoiceLoader,
        Environment,
        FileSystemLoader,
        PackageLoader,
        StrictUndefined,
        select_autoescape,
    )

    shipped = PackageLoader("taskhub.actors.mail")
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(directory), shipped]) if directory else shipped,
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _template(environment: Environment, name: str, language: str, kind: str) -> Template:
    from jinja2 import TemplatesNotFound

    spoken = language.replace("_", "-").lower()
    candidates = [f"{name}.{one}.{kind}" for one in dict.fromkeys((spoken, spoken.split("-")[0]))]
    try:
        return environment.select_template(candidates)
    except TemplatesNotFound:
        written = environment.list_templates(
            filter_func=lambda path: path.startswith(f"{name}.") and path.endswith(f".{kind}")
        )
        languages = ", ".join(path.split(".")[-2] for path in written)
        raise InvalidMailError(
            f"there is no mail template {name!r} in the language {language!r}: "
            + (f"there is {languages}" if languages else "correct its name")
        ) from None
