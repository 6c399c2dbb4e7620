"""A certificate authority of a test's own, as files for servers and for clients.

Made by the `openssl` command: what it takes is three calls, and no library.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_NEW = ("req", "-x509", "-nodes", "-days", "1", "-newkey", "ec")
_CURVE = ("-pkeyopt", "ec_paramgen_curve:prime256v1")


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, each a file."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; `file` is what a client trusts it by."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        """Make one, whose files are in `folder`."""
        self._folder = folder
        self._own = self._make(name, "basicConstraints=critical,CA:TRUE")
        self.file = self._own.certificate

    def issue(self, name: str, *, valid_for: str) -> Certificate:
        """Return a new certificate; `valid_for` says whose it is: "IP:127.0.0.1"."""
        signed = ("-CA", str(self._own.certificate), "-CAkey", str(self._own.key))
        return self._make(name, f"subjectAltName={valid_for}", *signed)

    def _make(self, name: str, extension: str, *more: str) -> Certificate:
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        files = ("-out", str(made.certificate), "-keyout", str(made.key))
        named = ("-subj", f"/CN={name}", "-addext", extension)
        done = subprocess.run(
            ["openssl", *_NEW, *_CURVE, *named, *more, *files],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(
                f"openssl exited with {done.returncode}; it printed:\n{done.stderr}"
            )
        return made
