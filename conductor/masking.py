"""Addresses without the secrets in them."""

from __future__ import annotations

import re

HIDDEN = "***"
_SECRET = re.compile(r"(?i)([?&;][^=&;]*(?:pass|pwd|secret|token|key)[^=&;]*=)[^&;]*")


def mask(url: str) -> str:
    """Return the URL with its secrets hidden; rather too much is hidden than too little.

    Passwords are often written unescaped, so everything up to the last "@" may
    be part of one. Of that only the user's name is kept.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return HIDDEN if "@" in url else _mask_query(url)
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    shown = f"{user}:{HIDDEN}" if colon else user
    return f"{scheme}://{shown}{at}{_mask_query(place)}"


def _mask_query(text: str) -> str:
    return _SECRET.sub(rf"\1{HIDDEN}", text)
