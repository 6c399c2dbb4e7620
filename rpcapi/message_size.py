"""How many bytes a message to a service may have: more is neither sent nor read.

To parse a message takes many times its bytes, and comes before anybody can say
what is too much of what in it. Answers are not bounded here: who asked has
waited for them.
"""

from __future__ import annotations

import json
from typing import Any, Final

import oslo_messaging as messaging

MOST: Final = 4 * 1024 * 1024
"""Bytes, unless the operator says otherwise."""
_ENVELOPED: Final = "oslo.message"
_ESCAPED: Final = 2
"""A character of JSON takes at most so many bytes as a part of a text in JSON."""


class TooLarge(messaging.MessageUndeliverable):
    """A message has more bytes than any service reads."""

    def __init__(self, found: int, most: int) -> None:
        super().__init__(None, None, None, None)
        self.found = found
        self.most = most

    def __str__(self) -> str:
        return f"it has {self.found} bytes, and [limits] message_bytes is {self.most}"


def check_body(body: bytes | str, most: int) -> None:
    """Raise TooLarge for the body of a message, as it came, that has too many bytes."""
    if len(body) > most:
        raise TooLarge(len(body), most)


def check_message(message: Any, most: int) -> None:
    """Raise TooLarge for a message in oslo.messaging's envelope that would have too many."""
    text = message.get(_ENVELOPED, "") if isinstance(message, dict) else ""
    if len(text) * _ESCAPED <= most:
        return
    check_body(json.dumps(message), most)
