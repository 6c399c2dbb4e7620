"""Which addresses a set of processes listens on, as the kernel tells."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from pathlib import Path

_LISTEN = "0A"


def addresses(pids: set[int]) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return the addresses, without ports."""
    inodes = set(_sockets(pids))
    return {address for inode, address in _listeners() if inode in inodes}


def _sockets(pids: set[int]) -> Iterator[str]:
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            with contextlib.suppress(OSError):
                kind, _, inode = str(descriptor.readlink()).partition(":")
                if kind == "socket":
                    yield inode.strip("[]")


def _listeners() -> Iterator[tuple[str, ipaddress.IPv4Address | ipaddress.IPv6Address]]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            _, local, _, state, _, _, _, _, _, inode, *_ = line.split()
            if state == _LISTEN:
                yield inode, _address(local.partition(":")[0])


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read what stands there in words of four bytes, the least one first."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    return ipaddress.ip_address(b"".join(words))
