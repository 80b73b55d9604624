"""An OpenID Connect provider that signs everybody in: as the user that the query of its start names."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import sys
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import uvicorn
from authlib.jose import JsonWebKey, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = "dashboard"
SECRET = "the client's secret"
KEY = JsonWebKey.generate_key("RSA", 2048, {"kid": "one"}, is_private=True)
#: What was asked for, by the code that was given.
CODES: dict[str, dict[str, str]] = {}
#: Claims of the user who is signed in.
CLAIMS: dict[str, Any] = json.loads(sys.argv[1])


def issuer(request: Request) -> str:
    """Return the provider's own address."""
    return f"http://{request.headers['host']}"


async def configuration(request: Request) -> Response:
    """Answer the discovery."""
    base = issuer(request)
    return JSONResponse(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        }
    )


async def authorize(request: Request) -> Response:
    """Send the browser back with a code."""
    asked = dict(request.query_params)
    assert asked["client_id"] == CLIENT
    assert asked["code_challenge_method"] == "S256"
    code = f"code-{len(CODES)}"
    CODES[code] = asked
    query = urlencode({"code": code, "state": asked["state"]})
    return RedirectResponse(f"{asked['redirect_uri']}?{query}")


async def token(request: Request) -> Response:
    """Give a token for a code, if the secret and the verifier go with it."""
    form = dict(parse_qsl((await request.body()).decode()))
    asked = CODES.pop(str(form["code"]))
    given = request.headers["authorization"].removeprefix("Basic ")
    secret = base64.b64decode(given).decode()
    digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    if secret.partition(":")[0] != CLIENT or challenge != asked["code_challenge"]:
        return JSONResponse({"error": "invalid_grant"}, 400)
    now = int(time.time())
    claims = {
        "iss": issuer(request), "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked["nonce"],
        "sub": "1", **CLAIMS,
    }  # fmt: skip
    signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY).decode()
    return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": signed})


async def keys(request: Request) -> Response:
    """Answer with the public key."""
    return JSONResponse({"keys": [KEY.as_dict(is_private=False)]})


def main() -> None:
    """Serve on a free port, and print it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    sys.stdout.write(f"provider at http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", configuration),
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/keys", keys),
        ]
    )
    config = uvicorn.Config(app, log_level="warning", lifespan="off")
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
