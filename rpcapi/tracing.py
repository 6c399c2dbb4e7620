"""One trace for each build, through all processes and for as long as it takes.

oslo.messaging makes a span of every message if [oslo_messaging_tracing] says so,
but a build goes on when nobody waits for it any more. A build request's id is a
UUID and so is a trace's; so the id is the trace, and nothing need be kept.
Without OpenTelemetry nothing happens here.
"""

from __future__ import annotations

import contextlib
import importlib.util
import uuid
from collections.abc import Iterator
from typing import Final

_INSTALLED: Final = importlib.util.find_spec("opentelemetry") is not None
_SPAN_BITS: Final = (1 << 64) - 1


@contextlib.contextmanager
def following(request_id: str | None) -> Iterator[None]:
    """Let spans that begin meanwhile belong to this build's trace; other ids change nothing."""
    trace_id = _trace_of(request_id) if _INSTALLED else None
    if trace_id is None:
        yield
        return
    from opentelemetry import context, trace  # noqa: PLC0415 - only where it is installed

    if trace.get_current_span().get_span_context().trace_id == trace_id:
        yield
        return
    root = trace.SpanContext(
        trace_id,
        # The root of the trace; no process has it for its own.
        trace_id & _SPAN_BITS or 1,
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    around = trace.set_span_in_context(trace.NonRecordingSpan(root))
    token = context.attach(around)
    try:
        yield
    finally:
        context.detach(token)


def _trace_of(request_id: str | None) -> int | None:
    """Return the trace of a build request; None for ids of another kind, as "req-..."."""
    try:
        return uuid.UUID(request_id or "").int or None
    except ValueError:
        return None
