"""Sessions of signed-in users: a signed cookie, so that all processes of a server know it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import Any, Final

__all__ = ("Session", "Sessions")

#: A session ends so long after signing in, and so long without use, seconds.
LIFETIME: Final = 12 * 3600.0
IDLE: Final = 3600.0
#: The cookie is written anew when it was last used longer ago, seconds.
RENEW_AFTER: Final = 60.0
#: Ended sessions that are remembered.
MOST_ENDED: Final = 100_000
_VERSION: Final = "1"


@dataclass(frozen=True)
class Session:
    """One session; times are seconds since the epoch."""

    id: str
    name: str
    source: str
    began: float
    used: float
    #: Roles that the provider gave; empty: those of the users file.
    roles: tuple[str, ...] = ()
    #: Of the password with which it began; see `Account.fingerprint`.
    fingerprint: str = ""

    @property
    def expires(self) -> float:
        """When it ends if it is not used any more."""
        return min(self.began + LIFETIME, self.used + IDLE)


class Sessions:
    """Makes cookies and reads them.

    Args:
        secret: Signs; who has it can make sessions.
        clock: Returns the present, seconds since the epoch.
    """

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key = hashlib.blake2b(secret, person=b"taskhub-session", digest_size=32).digest()
        self._clock = clock
        self._ended: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def begin(
        self, name: str, source: str, roles: tuple[str, ...] = (), fingerprint: str = ""
    ) -> Session:
        """Return a new session."""
        now = self._clock()
        return Session(secrets.token_urlsafe(16), name, source, now, now, roles, fingerprint)

    def write(self, session: Session) -> str:
        """Return a session as the value of a cookie."""
        body = base64.urlsafe_b64encode(
            json.dumps(asdict(session), separators=(",", ":")).encode()
        ).decode()
        return f"{_VERSION}.{body}.{self._signature(body)}"

    def read(self, value: str | None) -> Session | None:
        """Return the session of a cookie; None: it is none of ours, or has ended."""
        version, _, rest = (value or "").partition(".")
        body, _, signature = rest.partition(".")
        if version != _VERSION or not hmac.compare_digest(
            signature.encode(), self._signature(body).encode()
        ):
            return None
        try:
            fields: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
            roles = tuple(fields.pop("roles"))
            session = Session(**fields, roles=roles)
        except (binascii.Error, ValueError, KeyError, TypeError):
            return None
        with self._lock:
            ended = session.id in self._ended
        return None if ended or session.expires <= self._clock() else session

    def renew(self, session: Session) -> Session | None:
        """Return a session as used now; None: its cookie need not be written anew yet."""
        now = self._clock()
        return None if now - session.used < RENEW_AFTER else replace(session, used=now)

    def end(self, session: Session) -> None:
        """Let a session count no longer in this process; its cookie is taken back by the answer."""
        with self._lock:
            self._ended[session.id] = session.began + LIFETIME
            while len(self._ended) > MOST_ENDED:
                self._ended.popitem(last=False)

    def _signature(self, body: str) -> str:
        return hmac.new(self._key, f"{_VERSION}.{body}".encode(), hashlib.sha256).hexdigest()
