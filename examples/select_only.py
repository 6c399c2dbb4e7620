"""Call only the scheduler: have hosts chosen and claimed, and build in some other way.

    export UNDERSTUDY_TRANSPORT_URL=rabbit://user:password@host:5672/vhost
    python -m examples.select_only --resource VCPU=1 --count 2 --alternates 2

The claims are written in Placement before the answer comes, and from then on
they are the caller's: no conductor knows of them, nothing gives them back, and
nothing else moves them. The request names a consumer type of the caller's own,
so that Understudy's audit does not take the claims for its own: it names them
as foreign, and leaves them. The scheduler's operator has to allow both: the user
that the caller has on the bus in [scheduler] callers, unless it is the
scheduler's own, and the type in [scheduler] consumer_types.

With each claim comes the generation that the write produced. It is what the
caller needs to move the claim to an alternate, or to give it back, in one PUT
that fails if somebody else changed the claim meanwhile. Both are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from examples.submit_builds import resource
from understudy.rpcapi.threads import use_threads

if TYPE_CHECKING:
    from understudy.objects.build_request import BuildRequest
    from understudy.objects.selection import Selection
    from understudy.objects.selection_answer import Pick
    from understudy.rpcapi.bus import Bus

CONSUMER_TYPE = "EXAMPLE"


def main(argv: Sequence[str] | None = None, bus: Bus | None = None) -> int:
    """Select once and print what was selected; a test hands in a bus."""
    # First of all: it decides what the libraries below use for threads.
    use_threads()
    from understudy.objects.errors import UnderstudyError
    from understudy.rpcapi.bus import API, Bus

    options = _parser().parse_args(argv)
    mine = bus is None
    bus = bus or Bus.open(API, options.transport_url)
    try:
        _select(bus, options)
    except UnderstudyError as error:
        # NoValidHost, for one, says what eliminated how many hosts, and what would help.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    finally:
        if mine:
            bus.close()
    return 0


def _select(bus: Bus, options: argparse.Namespace) -> None:
    from understudy.rpcapi.context import RequestContext
    from understudy.rpcapi.scheduler import SchedulerClient

    request = _request(options)
    # The consumers in Placement. Keep these: after LedgerDown or ServiceUnavailable, asking
    # again with the same ones adopts what was claimed instead of claiming a second time.
    namespace = uuid.UUID(request.request_id)
    instances = [str(uuid.uuid5(namespace, str(number))) for number in range(options.count)]
    answer = SchedulerClient(bus).select_destinations(
        RequestContext(options.project, options.user),
        request.request_id,
        request,
        instances,
        options.alternates,
        held={},
        timeout=options.timeout,
    )
    for pick in answer.picks():
        _print_pick(pick, request)
    print("These claims are yours now: give them back when you need them no more.")


def move(pick: Pick, request: BuildRequest, alternate: Selection) -> dict[str, Any]:
    """Return the body of the PUT that moves the claim to the alternate, and keeps it if full."""
    wanted = json.loads(alternate.allocation_request)
    return {**wanted, **_consumer(pick, request)}


def give_back(pick: Pick, request: BuildRequest) -> dict[str, Any]:
    """Return the body of the PUT that gives the claim back.

    Never DELETE: it carries no generation, and would remove whatever another
    process has claimed for this consumer since.
    """
    return {"allocations": {}, **_consumer(pick, request)}


def _consumer(pick: Pick, request: BuildRequest) -> dict[str, Any]:
    return {
        "project_id": request.project_id,
        "user_id": request.user_id,
        "consumer_type": CONSUMER_TYPE,
        "consumer_generation": pick.generation,
    }


def _print_pick(pick: Pick, request: BuildRequest) -> None:
    chosen = pick.claimed
    print(f"{pick.instance_uuid} on {chosen.service_host} in cell {chosen.cell_uuid}")
    print(f"  claimed {json.dumps(chosen.allocations)} at generation {pick.generation}")
    headers = f"OpenStack-API-Version: placement {chosen.allocation_request_version}"
    for alternate in pick.alternates:
        print(f"  alternate {alternate.service_host}; to move there:")
        print(f"    PUT /allocations/{pick.instance_uuid} ({headers})")
        print(f"    {json.dumps(move(pick, request, alternate))}")
    print("  to give it back:")
    print(f"    PUT /allocations/{pick.instance_uuid} ({headers})")
    print(f"    {json.dumps(give_back(pick, request))}")


def _request(options: argparse.Namespace) -> BuildRequest:
    from understudy.objects.build_request import BuildRequest

    return BuildRequest(
        request_id=options.request_id or str(uuid.uuid4()),
        count=options.count,
        resources=dict(options.resource),
        project_id=options.project,
        user_id=options.user,
        consumer_type=CONSUMER_TYPE,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="select_only", description="Call only the scheduler.")
    parser.add_argument(
        "--transport-url",
        default=os.environ.get("UNDERSTUDY_TRANSPORT_URL"),
        help="the API-level message bus (UNDERSTUDY_TRANSPORT_URL)",
    )
    parser.add_argument("--request-id", help="a uuid; the same one again claims nothing new")
    parser.add_argument("--count", type=int, default=1, help="how many instances")
    parser.add_argument("--alternates", type=int, default=2, help="for each instance")
    parser.add_argument("--resource", type=resource, action="append", required=True)
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds")
    parser.add_argument("--project", default="example")
    parser.add_argument("--user", default="example")
    return parser


if __name__ == "__main__":
    sys.exit(main())
