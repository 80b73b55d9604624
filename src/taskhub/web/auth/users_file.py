"""File of users with hashed passwords, and of tokens for API clients.

Each line has a name, roles (separated by commas) and a hash: `oncall operator $argon2id$...` for a
password, `autoscaler operator token:sha256:...` for a token. `taskhub web password` and `taskhub
web token` write such lines.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from taskhub.exceptions import ImproperlyConfigured
from taskhub.web.auth.roles import check_role
from taskhub.web.auth.user import User

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = (
    "Account",
    "UsersFile",
    "hash_password",
    "new_token",
    "put_line",
    "read_accounts",
    "token_hash",
)

#: How tokens begin, so that they are found when they leak into a repository or a log.
TOKEN_PREFIX: Final = "taskhub_"
_TOKEN_HASH: Final = "token:sha256:"
_PASSWORD_HASH: Final = "$argon2id$"


@dataclass(frozen=True)
class Account:
    """One line of a file of users."""

    name: str
    roles: tuple[str, ...]
    hash: str

    @property
    def is_token(self) -> bool:
        """Whether it belongs to an API client."""
        return self.hash.startswith(_TOKEN_HASH)

    @property
    def fingerprint(self) -> str:
        """Shows whether the password was changed since a session began."""
        return hashlib.sha256(self.hash.encode()).hexdigest()[:16]


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    return _hasher().hash(password)


def new_token() -> str:
    """Return a token that nobody can guess."""
    return f"{TOKEN_PREFIX}{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    """Return what a file keeps of a token: it is random, so one round of SHA-256 does."""
    return _TOKEN_HASH + hashlib.sha256(token.encode()).hexdigest()


def read_accounts(lines: Iterable[str], where: str) -> dict[str, Account]:
    """Return the accounts of a file by name.

    Args:
        lines: Of the file.
        where: Its name, for errors.

    Raises:
        ImproperlyConfigured: A line is not as it should be; the message does not show its hash.
    """
    accounts: dict[str, Account] = {}
    for number, line in enumerate(lines, 1):
        place = f"{where}, line {number}"
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 3 or not words[2].startswith((_PASSWORD_HASH, _TOKEN_HASH)):
            raise ImproperlyConfigured(
                f"{place}: it must be a name, roles and a hash, as `taskhub web password` prints it"
            )
        name, roles, hashed = words
        if name in accounts:
            raise ImproperlyConfigured(f"{place}: the name {name!r} stands in an earlier line, too")
        accounts[name] = Account(
            name, tuple(check_role(role, place) for role in roles.split(",")), hashed
        )
    return accounts


def put_line(file: Path, name: str, line: str) -> None:
    """Write an account's line into a private file, replacing an earlier one of that name.

    Raises:
        OSError: The file cannot be written.
    """
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [each for each in lines if each.split()[:1] != [name]]
    made = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write("".join(f"{each}\n" for each in [*kept, line]))
        made.replace(file)
    finally:
        made.unlink(missing_ok=True)


class UsersFile:
    """Users of a file, which is read again when it has changed.

    Args:
        source: The file, or accounts that are given otherwise.

    Raises:
        ImproperlyConfigured: The file cannot be read, or holds no account.
    """

    def __init__(self, source: Path | Mapping[str, Account]) -> None:
        self._path = source if isinstance(source, Path) else None
        self._accounts: Mapping[str, Account] = {} if isinstance(source, Path) else source
        self._seen: tuple[int, int, int] | None = None
        self._lock = Lock()
        self._decoy = ""
        if self._path is not None and not self._read(self._path):
            raise ImproperlyConfigured(
                f"{self._path} holds no user: add one with `taskhub web password NAME --file "
                f"{self._path}`"
            )

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The accounts by name, as the file is now; the last that could be read if it cannot."""
        if self._path is not None:
            # Somebody may be writing it: known users stay known, nobody new comes in.
            with contextlib.suppress(ImproperlyConfigured):
                self._read(self._path)
        return self._accounts

    @property
    def has_passwords(self) -> bool:
        """Whether somebody can sign in with a password."""
        return any(not account.is_token for account in self.accounts.values())

    def find(self, name: str) -> Account | None:
        """Return the account of a person; None: there is none."""
        account = self.accounts.get(name)
        return None if account is None or account.is_token else account

    def check_password(self, name: str, password: str) -> Account | None:
        """Return the account whose name and password these are; None: they are wrong.

        It takes as long for an unknown name as for a wrong password.
        """
        from argon2.exceptions import InvalidHashError, VerificationError

        account = self.find(name)
        try:
            _hasher().verify(account.hash if account else self._decoy_hash(), password)
        except (InvalidHashError, VerificationError):
            return None
        return account

    def check_token(self, token: str) -> User | None:
        """Return the API client whose token this is; None: nobody's."""
        hashed = token_hash(token)
        found = None
        for account in self.accounts.values():
            if account.is_token and hmac.compare_digest(account.hash, hashed):
                found = User(account.name, account.roles, "token")
        return found

    def _decoy_hash(self) -> str:
        with self._lock:
            self._decoy = self._decoy or hash_password(secrets.token_hex())
            return self._decoy

    def _read(self, path: Path) -> bool:
        """Read the file if it has changed; return whether it holds anybody."""
        try:
            found = path.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            with self._lock:
                if version != self._seen:
                    text = path.read_text(encoding="utf-8")
                    self._accounts = MappingProxyType(read_accounts(text.splitlines(), str(path)))
                    self._seen = version
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            hint = ""
            if isinstance(error, FileNotFoundError):
                hint = f"; `taskhub web password NAME --file {path}` makes it"
            raise ImproperlyConfigured(
                f"the users file {path} cannot be read: {reason}{hint}"
            ) from error
        return bool(self._accounts)
