"""Under which request, and about which instance, a thread logs.

oslo.log writes both on each line, as the thread's context has them. A call
brings a context; what a process does by itself says here what it is about.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

from oslo_context import context as oslo_context

from understudy.rpcapi.context import RequestContext


def about(
    request_id: str, instance_uuid: str | None = None
) -> AbstractContextManager[RequestContext]:
    """Let what this thread logs meanwhile name a build request and one of its instances."""
    return under(RequestContext(request_id=request_id), instance_uuid)


@contextlib.contextmanager
def under(context: RequestContext, instance_uuid: str | None = None) -> Iterator[RequestContext]:
    """Let this thread log under the context, and as before again afterwards."""
    # There is no other way back to none.
    store = oslo_context._request_store
    before = oslo_context.get_current()
    context.resource_uuid = instance_uuid
    store.context = context
    try:
        yield context
    finally:
        store.context = before
