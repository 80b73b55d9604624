"""Static assets of the pages under hashed names, cached forever."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from taskhub.web.http.guard import problem_response
from taskhub.web.problem import Problem

__all__ = ("Assets",)

_IMMUTABLE: Final = "public, max-age=31536000, immutable"
#: Types that the host's own tables may lack or name otherwise.
_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class Asset:
    """One file."""

    body: bytes
    media_type: str


class Assets:
    """All files of a folder, read once.

    Modules name each other by relative paths, so they keep their names within a folder whose name
    is made of the contents of all of them.
    """

    @cached_property
    def _files(self) -> dict[str, Asset]:
        folder = files("taskhub.web").joinpath("static")
        return dict(_read(folder, "")) if folder.is_dir() else {}

    @cached_property
    def version(self) -> str:
        """Changes with any of the files."""
        digest = hashlib.sha256()
        for name, asset in sorted(self._files.items()):
            digest.update(f"{name}\n{len(asset.body)}\n".encode())
            digest.update(asset.body)
        return digest.hexdigest()[:16]

    @property
    def names(self) -> list[str]:
        """Names of the files."""
        return sorted(self._files)

    async def answer(self, request: Request) -> Response:
        """Answer a request for a file."""
        version, name = request.path_params["version"], request.path_params["name"]
        asset = self._files.get(name)
        if asset is None or version != self.version:
            return problem_response(Problem("not_found", "there is no such file: reload the page"))
        headers = {"Cache-Control": _IMMUTABLE}
        return Response(asset.body, 200, headers, media_type=asset.media_type)


def _read(folder: Traversable, path: str) -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        if entry.is_dir():
            found += _read(entry, f"{name}/")
        else:
            suffix = f".{entry.name.rpartition('.')[2]}"
            kind = _TYPES.get(suffix) or mimetypes.guess_type(entry.name)[0]
            found.append((name, Asset(entry.read_bytes(), kind or "application/octet-stream")))
    return found
