"""Submit builds over AMQP, wait for their endings, and print each instance's timeline.

    export UNDERSTUDY_TRANSPORT_URL=rabbit://user:password@host:5672/vhost
    python -m examples.submit_builds --resource VCPU=1 --resource MEMORY_MB=512 --count 3

It uses understudy.rpcapi and understudy.objects alone, as any service may: no
database, no Placement, no configuration file. The request id is the key to
doing it twice: run again with the `--request-id` that it printed, the same
request is answered as before and nothing is built a second time.
"""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from understudy.rpcapi.threads import use_threads

if TYPE_CHECKING:
    from understudy.objects.build_answer import BuildResult
    from understudy.objects.build_request import BuildRequest
    from understudy.objects.instance import Instance
    from understudy.rpcapi.bus import Bus


def main(argv: Sequence[str] | None = None, bus: Bus | None = None) -> int:
    """Submit one request; 0 only if all of it is ACTIVE. A test hands in a bus."""
    # First of all: it decides what the libraries below use for threads.
    use_threads()
    from understudy.objects.errors import UnderstudyError
    from understudy.rpcapi.bus import API, Bus

    options = _parser().parse_args(argv)
    mine = bus is None
    bus = bus or Bus.open(API, options.transport_url)
    try:
        return _submit(bus, options)
    except UnderstudyError as error:
        # One line that says what to do; the class is what a program would look at.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    finally:
        if mine:
            bus.close()


def _submit(bus: Bus, options: argparse.Namespace) -> int:
    from understudy.objects import states
    from understudy.rpcapi.context import RequestContext
    from understudy.rpcapi.super_conductor import SuperConductorClient

    client = SuperConductorClient(bus)
    ctxt = RequestContext(options.project, options.user)
    request = _request(options)
    print(f"request {request.request_id}")
    # Safe to send again after ServiceUnavailable, LedgerDown or Overloaded: the id is the same.
    accepted = client.build(ctxt, request)
    result = client.wait(ctxt, accepted.request_id, options.wait, on_progress=_print_progress)
    for instance in result.instances:
        # A result has no attempts: those are asked for one instance at a time.
        _print_timeline(client.show(ctxt, instance.uuid))
    return 0 if all(each.state == states.ACTIVE for each in result.instances) else 1


def _request(options: argparse.Namespace) -> BuildRequest:
    from understudy.objects.build_request import BuildRequest

    return BuildRequest(
        request_id=options.request_id or str(uuid.uuid4()),
        name=options.name,
        count=options.count,
        resources=dict(options.resource),
        max_attempts=options.max_attempts,
        project_id=options.project,
        user_id=options.user,
    )


def _print_progress(result: BuildResult) -> None:
    print(" ".join(sorted(instance.state for instance in result.instances)))


def _print_timeline(instance: Instance) -> None:
    print(f"{instance.name} {instance.uuid} is {instance.state}")
    for attempt in instance.attempts:
        since = attempt.started_at - instance.created_at
        fault = f": {attempt.fault.message}" if attempt.fault else ""
        print(
            f"  +{since:.2f} s attempt {attempt.number} on {attempt.service_host} "
            f"in {attempt.cell_name} {attempt.state}{fault}"
        )


def resource(text: str) -> tuple[str, int]:
    """Read CLASS=AMOUNT, for argparse."""
    name, _, amount = text.partition("=")
    try:
        return name, int(amount)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write CLASS=AMOUNT, as in VCPU=2") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="submit_builds", description="Submit builds over AMQP.")
    parser.add_argument(
        "--transport-url",
        default=os.environ.get("UNDERSTUDY_TRANSPORT_URL"),
        help="the API-level message bus (UNDERSTUDY_TRANSPORT_URL)",
    )
    parser.add_argument("--request-id", help="a uuid; the same one again builds nothing new")
    parser.add_argument("--name", default="example")
    parser.add_argument("--count", type=int, default=1, help="how many instances")
    parser.add_argument("--resource", type=resource, action="append", required=True)
    parser.add_argument("--max-attempts", type=int, help="hosts to try for each instance")
    parser.add_argument("--wait", type=float, default=600.0, help="seconds")
    parser.add_argument("--project", default="example")
    parser.add_argument("--user", default="example")
    return parser


if __name__ == "__main__":
    sys.exit(main())
