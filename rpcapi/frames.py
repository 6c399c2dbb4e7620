"""Read frames that py-amqp cannot, so that one message does not stop a connection for good.

A broker passes on whatever bytes a property, a header or a routing key holds.
Where py-amqp finds no text or no time in them, it loses its place on the
connection; the message comes again on the next one, and so for ever. Here such
a message arrives bare, without what could not be read, to be dropped as any other
that makes no sense.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from typing import Any, Final

from amqp import method_framing, serialization, spec
from amqp.basic_message import Message

LOG = logging.getLogger(__name__)

_HEADER: Final = 2
"""The type of the frame that has a message's properties."""
_NO_PROPERTIES: Final = b"\0\0"
_UP_TO_FLAGS: Final = 12
"""Bytes of a header frame before its properties: class, weight and the body's size."""
_SIGNATURE: Final = 4
"""Bytes of a method's frame before its arguments."""

Frame = tuple[int, int, Any]


def frame_handler(
    connection: Any, on_method: Callable[[int, Any, Any, Any], object]
) -> Callable[[Frame], bool]:
    """Return what takes a connection's frames; for amqp.Connection's argument of this name."""

    def on_readable_method(channel: int, method: Any, buffer: Any, content: Any) -> None:
        if method == spec.Basic.Deliver:
            buffer = _readable_delivery(buffer)
        on_method(channel, method, buffer, content)

    on_frame = method_framing.frame_handler(connection, on_readable_method)

    def on_readable_frame(frame: Frame) -> bool:
        kind, channel, buffer = frame
        if kind == _HEADER:
            buffer = _readable_header(buffer)
        done: bool = on_frame((kind, channel, buffer))
        return done

    return on_readable_frame


def _readable_header(buffer: Any) -> Any:
    """Return the frame; without any properties where one of them cannot be read."""
    try:
        Message().inbound_header(buffer)
    except Exception as error:
        LOG.warning("the properties of a message cannot be read: %s", type(error).__name__)
        return bytes(buffer[:_UP_TO_FLAGS]) + _NO_PROPERTIES
    return buffer


def _readable_delivery(buffer: Any) -> Any:
    """Return the frame; without exchange and routing key where one of them cannot be read."""
    try:
        serialization.loads("sLbss", buffer, _SIGNATURE)
    except UnicodeDecodeError as error:
        LOG.warning("the routing key of a message cannot be read: %s", error.reason)
        [tag_length] = struct.unpack_from("B", buffer, _SIGNATURE)
        # Then a delivery tag of eight bytes, and one for whether it comes again.
        rest = _SIGNATURE + 1 + tag_length + 8 + 1
        return bytes(buffer[:rest]) + b"\0\0"
    return buffer
