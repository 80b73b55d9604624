"""Requests to an ASGI application in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

__all__ = ("ask",)


def ask(
    application: Any,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] | Mapping[str, str] = (),
) -> httpx.Response:
    """Return an application's answer to a request."""

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(application, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(answer())
