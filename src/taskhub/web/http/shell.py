"""The one HTML page: it names the modules that draw all others, and says where they are.

Beside it, the path that health checks of Flower's ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from taskhub import __version__
from taskhub.web.http.headers import NO_STORE
from taskhub.web.http.language import language_of

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from taskhub.web.http.assets import Assets

__all__ = ("Shell",)

#: Paths that the modules draw; all others are answered with 404, and the same page.
PATHS: Final = (
    "/",
    "/login",
    "/tasks",
    "/tasks/{rest:path}",
    "/queues",
    "/queues/{rest:path}",
    "/workers",
    "/workers/{rest:path}",
    "/schedule",
    "/schedule/{rest:path}",
    "/limits",
    "/settings",
    "/audit",
)
#: Flower's path for health checks; like Flower, without looking at the store, or at who asks.
HEALTH_PATH: Final = "/healthcheck"
#: Names of the entry module, in the order in which they are looked for.
ENTRIES: Final = ("main.js", "app.js", "index.js")
STYLE: Final = "style.css"


class Shell:
    """Answers with the page.

    Args:
        title: Name of the app.
        assets: The files that it names.
    """

    def __init__(self, title: str, assets: Assets) -> None:
        environment = Environment(
            loader=PackageLoader("taskhub.web"), autoescape=select_autoescape(default=True)
        )
        self._template = environment.get_template("shell.html")
        self._title = title
        self._assets = assets

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the pages, and of the health check."""
        pages: list[BaseRoute] = [Route(path, self.page) for path in PATHS]
        return [*pages, Route(HEALTH_PATH, _healthy)]

    async def page(self, request: Request) -> Response:
        """Answer a path that the modules draw."""
        return self._response(request, 200)

    async def missing(self, request: Request) -> Response:
        """Answer a path that there is not."""
        return self._response(request, 404)

    def _response(self, request: Request, status: int) -> Response:
        base = str(request.scope.get("root_path") or "").rstrip("/")
        language = language_of(request)
        names = self._assets.names
        text = self._template.render(
            base=base,
            app=self._title,
            version=__version__,
            language=language,
            lang="zh-CN" if language == "zh" else "en",
            files=f"{base}/static/{self._assets.version}",
            entry=next((name for name in ENTRIES if name in names), ENTRIES[0]),
            style=STYLE,
            icon=next((name for name in names if name.endswith("favicon.svg")), None),
            not_found=status == 404,
        )
        headers = {**NO_STORE, "Vary": "Cookie, Accept-Language"}
        return HTMLResponse(text, status, headers)


async def _healthy(request: Request) -> Response:
    """Answer a health check."""
    return PlainTextResponse("OK", headers=NO_STORE)
