"""Ports that nobody listens on, for servers that cannot choose one themselves."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

# Below those that the kernel hands out to whoever connects to something.
_RANGE = range(15_000, 32_000)


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    for port in random.sample(_RANGE, 100):
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise OSError("no free port among a hundred")
