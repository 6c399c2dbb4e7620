"""What the libraries below us must be for our promises about TLS and passwords to hold.

setup.py tells pip the same. But a distribution's packages, or a `pip install` of
something else into the same place, keep to nothing that pip was told; so a
process looks for itself before it sends a password.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from oslo_utils import versionutils

from understudy.cli.bad_input import BadInput


@dataclass(frozen=True, slots=True)
class Needed:
    """The first version that keeps a promise, and what an older one does instead."""

    version: str
    otherwise: str


BUS: Final[Mapping[str, Needed]] = {
    "amqp": Needed("5.2", "it waits for ever for a broker that does not finish a TLS handshake"),
    "oslo.messaging": Needed(
        "18.2", "it can be told to take a broker's certificate that is for another name"
    ),
}
DATABASES: Final[Mapping[str, Needed]] = {
    "PyMySQL": Needed("1.2", "it sends in the clear where a server says that it knows no TLS"),
}
PLACEMENT: Final[Mapping[str, Needed]] = {
    "requests": Needed("2.32.4", "it may send a password of .netrc to another host"),
}


def check(needed: Mapping[str, Needed], version: Callable[[str], str] = metadata.version) -> None:
    """Raise BadInput where one that is installed is too old; one that is not does no harm."""
    for name, least in needed.items():
        try:
            found = version(name)
        except metadata.PackageNotFoundError:
            continue
        if not versionutils.is_compatible(least.version, found, same_major=False):
            raise BadInput(
                f"{name} {found}",
                "",
                f"it is too old: {least.otherwise}",
                f"install {name} {least.version} or newer",
            )
