"""TLS to a database: where its URL asks for it, and never without knowing whom we speak to.

Drivers each have options that check less: a certificate for any name, or of any
authority, or none where the server says that it has none. None of them is taken:
any option of TLS in a URL means that server and name are checked, against the
system's authorities where no other is named.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from understudy.cells import errors

_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"0", "false", "no", "off"})

_OF_MYSQL: Final = frozenset(
    {"ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_key_password", "ssl_cipher"}
)
_CHECKS: Final = frozenset({"ssl_check_hostname", "ssl_verify_cert", "ssl_verify_identity"})
_SWITCHES: Final = frozenset({"ssl", "ssl_disabled"})
_ELSEWHERE: Final = ("read_default_file", "read_default_group", "service", "dsn")
"""What leads a driver to options that do not stand in the URL."""
_FILES: Final = ("ssl_ca", "ssl_cert", "ssl_key", "sslrootcert", "sslcert", "sslkey")

_VERIFIED: Final = "verify-full"
_SYSTEM: Final = "system"
"""What libpq takes for the system's authorities, from version 16 on."""


@dataclass(frozen=True, slots=True)
class Secured:
    """A URL without what it said of TLS to our driver, and the arguments that say it instead."""

    url: sa.URL
    arguments: Callable[[], dict[str, Any]]
    """Read files, and so raise OSError."""


def secured(url: sa.URL) -> Secured:
    """Return how to connect there. Raises UntrustedUrl where nobody would be checked."""
    said = _said(url)
    if url.get_backend_name() in {"mysql", "mariadb"}:
        return _mysql(url, said)
    if url.get_backend_name() == "postgresql":
        return Secured(_postgresql(url, said), dict)
    return Secured(url, dict)


def check_files(url: sa.URL) -> None:
    """Raise UntrustedUrl where a file that the URL names cannot be read."""
    said = _said(url)
    for name in _FILES:
        path = said.get(name)
        if path and path != _SYSTEM and not os.access(path, os.R_OK):
            raise errors.UntrustedUrl(
                f"{path} cannot be read", f"let {name} be a file that our user may read"
            )


def _said(url: sa.URL) -> dict[str, str]:
    """Return the options of TLS, which have "ssl" in their names with every driver."""
    said: dict[str, str] = {}
    for name, value in url.query.items():
        if name.startswith("ssl"):
            if not isinstance(value, str):
                raise errors.UntrustedUrl(f"it says {name} twice", "say it once")
            said[name] = value
    elsewhere = next((name for name in _ELSEWHERE if name in url.query), None)
    if elsewhere is not None and not said:
        mode = "sslmode=verify-full" if url.get_backend_name() == "postgresql" else "ssl=true"
        raise errors.UntrustedUrl(
            f"what {elsewhere} leads to may say anything of TLS", f"write {mode} beside it"
        )
    return said


def _mysql(url: sa.URL, said: Mapping[str, str]) -> Secured:
    if not said:
        return Secured(url, dict)
    unknown = sorted(set(said) - _OF_MYSQL - _CHECKS - _SWITCHES)
    if unknown:
        raise errors.UntrustedUrl(f"{unknown[0]} is no option of ours", "write ssl_ca=FILE")
    for name in sorted(_CHECKS & set(said)):
        if not _is_true(name, said[name]):
            raise errors.UntrustedUrl(
                f"with {name}={said[name]} anybody's certificate would do",
                "leave it out, and name their authority with ssl_ca=FILE",
            )
    plain = url.difference_update_query(list(said))
    if _is_off(said):
        return Secured(plain, lambda: {"ssl_disabled": True})
    if url.get_driver_name() != "pymysql":
        raise errors.UntrustedUrl(
            f"{url.get_driver_name()} is not known to check names", "write mysql+pymysql://"
        )
    return Secured(plain, _Once(said))


def _is_off(said: Mapping[str, str]) -> bool:
    wanted = {name: _is_true(name, said[name]) for name in _SWITCHES & set(said)}
    if "ssl_disabled" in wanted:
        wanted["ssl_disabled"] = not wanted["ssl_disabled"]
    off = not all(wanted.values())
    if off and (any(wanted.values()) or set(said) - _SWITCHES):
        raise errors.UntrustedUrl("it asks for TLS and for none", "leave out one of them")
    return off


class _Once:
    """PyMySQL's arguments; the files are read when first asked for, and once."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self._said = said
        self._arguments: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        if self._arguments is None:
            try:
                self._arguments = {"ssl": context(self._said)}
            except OSError as error:
                files = ", ".join(self._said[name] for name in _FILES if name in self._said)
                raise OSError(f"{files} cannot be used: {error}") from error
        return self._arguments


def context(said: Mapping[str, str]) -> ssl.SSLContext:
    """Return what checks a server and its name. Raises OSError where a file is none."""
    made = ssl.create_default_context(cafile=said.get("ssl_ca"), capath=said.get("ssl_capath"))
    if "ssl_cert" in said:
        made.load_cert_chain(said["ssl_cert"], said.get("ssl_key"), said.get("ssl_key_password"))
    if "ssl_cipher" in said:
        made.set_ciphers(said["ssl_cipher"])
    return made


def _postgresql(url: sa.URL, said: Mapping[str, str]) -> sa.URL:
    mode = said.get("sslmode", _VERIFIED)
    if not said or (mode == "disable" and set(said) == {"sslmode"}):
        return url
    if mode != _VERIFIED:
        raise errors.UntrustedUrl(
            f"with sslmode={mode} anybody's certificate would do, or none",
            f"write sslmode={_VERIFIED}&sslrootcert=FILE",
        )
    if not url.get_driver_name().startswith("psycopg"):
        raise errors.UntrustedUrl(
            f"{url.get_driver_name()} is not known to check names",
            "write postgresql+psycopg2://",
        )
    return url.update_query_dict({"sslmode": mode})


def _is_true(name: str, text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise errors.UntrustedUrl(f"{name}={text} is neither true nor false", "write true or false")
