"""What the benchmarks that start a whole cloud have in common."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Mapping

from benchmarks import reporting
from tests.integration.support import cluster as clusters
from understudy.objects.build_request import BuildRequest


def can_start(options: argparse.Namespace, benchmark: str) -> bool:
    """Is every server installed? Otherwise say which is not, and finish without figures."""
    missing = sorted({program for server in clusters.SERVERS for program in server.missing()})
    if missing:
        print(f"not measured, for {', '.join(missing)} is not installed")
        reporting.finish(options, {"benchmark": benchmark, "missing": missing})
    return not missing


def request(resources: Mapping[str, int], **more: object) -> BuildRequest:
    """Return a request of its own for one instance."""
    return BuildRequest(
        request_id=str(uuid.uuid4()),
        name="bench",
        resources=dict(resources),
        project_id="p",
        user_id="u",
        **more,
    )
