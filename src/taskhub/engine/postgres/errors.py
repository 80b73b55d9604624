"""Why a PostgreSQL server can't be used, or refused a statement, in one line for people."""

from __future__ import annotations

from typing import Final, NamedTuple

from taskhub.config.urls import StoreURL, mask_url
from taskhub.exceptions import StoreRefused

_LONGEST_DETAIL: Final = 300

#: `RAISE EXCEPTION ... USING ERRCODE` of our own functions: the message is a whole sentence.
OWN_REFUSAL: Final = "TH001"
#: The same of a call that was served before.
SERVED: Final = "TH002"
#: Deadlocks, conflicts of snapshots, and a key that another transaction stored at the same moment:
#: nothing was done, and the same may be tried at once.
REPEATABLE: Final = frozenset({"23505", "40001", "40P01"})


class ServerError(NamedTuple):
    """What a server said of a statement that failed."""

    severity: str
    #: SQLSTATE.
    code: str
    message: str

    @property
    def ends_connection(self) -> bool:
        """Whether the connection is lost, so that it is unknown whether a commit was done."""
        return self.severity in ("FATAL", "PANIC")


def refusal_of(error: ServerError, url: StoreURL, subject: str) -> StoreRefused:
    """Return the refusal that an error of a statement is.

    Args:
        error: What the server said.
        url: The store.
        subject: The statement, by its name.
    """
    code, kind, where = error.code, error.code[:2], url.masked()
    said = " ".join(mask_url(error.message).split())[:_LONGEST_DETAIL]
    if code == OWN_REFUSAL:
        return StoreRefused(said)
    if code == "25006":
        return StoreRefused(
            f"{where} is read-only ({said}): name the primary server, or give several hosts and "
            "target_session_attrs=read-write",
            passing=True,
        )
    if kind == "53":
        remedy = {
            "53100": "make room on its disk",
            "53200": "give it more memory",
            "53300": "raise its max_connections, or run fewer processes",
        }.get(code, "look into its log")
        return StoreRefused(f"{where} is out of resources ({said}): {remedy}", passing=True)
    if kind in ("40", "55", "57", "58") or code == "0A000":
        return StoreRefused(f"{where} did not finish {subject} ({said})", passing=True)
    if code == "42501":
        return StoreRefused(
            f"{where} refused {subject} ({said}): grant the user of the URL USAGE on the schema, "
            "SELECT, INSERT, UPDATE and DELETE on its tables, and USAGE and UPDATE on its "
            "sequences; only `taskhub store upgrade` needs its owner",
            rights=True,
        )
    if code in ("3F000", "42P01", "42883", "42703"):
        return StoreRefused(
            f"{where} lacks what this version needs ({said}): run `taskhub store upgrade`",
            passing=True,
        )
    if code == "26000":
        return StoreRefused(
            f"{where} does not know a prepared statement ({said}): between here and the server "
            "stands a pooler in transaction mode; set its max_prepared_statements, or add "
            "prepare=false to the URL",
            passing=True,
        )
    return StoreRefused(f"{where} refused {subject}: {said}")


def explain_connect(text: str, url: StoreURL) -> str:
    """Return why no connection could be opened, and what to do.

    Args:
        text: What libpq or the server said.
        url: The store.
    """
    said = " ".join(mask_url(text).split())
    if url.password:
        said = said.replace(url.password, "**")
    where, lowered = url.masked(), said.lower()
    for words, what, remedy in _CONNECT:
        if words in lowered:
            return f"{where} {what}: {remedy}"
    return f"{where} could not be reached ({said[:_LONGEST_DETAIL]}): check the address and the log"


_CONNECT: Final = (
    (
        "password authentication failed",
        "did not accept the user or password",
        "correct them; special characters are percent-encoded (@ is %40, / is %2F)",
    ),
    (
        "no password supplied",
        "wants a password",
        "write it in the URL, as in postgresql://user:<password>@host/database",
    ),
    ("no pg_hba.conf entry", "does not let this user in from here", "add it to its pg_hba.conf"),
    (
        "too many clients",
        "has no connection to spare",
        "raise its max_connections, or run fewer processes",
    ),
    (
        "remaining connection slots",
        "has no connection to spare",
        "raise its max_connections, or run fewer processes",
    ),
    (
        "too many connections",
        "has no connection to spare",
        "raise the limit of the role or database, or run fewer processes",
    ),
    (
        "connection refused",
        "refused the connection",
        "start the server there, or correct the address",
    ),
    ("no such file or directory", "has no socket there", "start the server, or correct the path"),
    (
        "could not translate host name",
        "has an unknown host name",
        "correct it, or check the DNS",
    ),
    ("failed to resolve host", "has an unknown host name", "correct it, or check the DNS"),
    (
        "is starting up",
        "is starting up",
        "wait until it has read its log",
    ),
    ("is shutting down", "is shutting down", "start it again"),
    ("in recovery mode", "recovers from a crash", "wait until it has read its log"),
    ("does not support ssl", "has no TLS", "use sslmode=prefer, or give the server a certificate"),
    ("session is read-only", "is read-only", "name the primary server among the hosts"),
    ("certificate verify failed", "has a certificate that was not accepted", "see sslrootcert"),
)


def explain_missing_database(url: StoreURL) -> str:
    """Return what to do about a database that is not there."""
    name = url.database or url.username or ""
    return f"{url.masked()} has no database {name!r}: create it (`createdb {name}`)"
