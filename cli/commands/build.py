"""`understudy build`: ask for instances, in options or in a file."""

from __future__ import annotations

import argparse
import re
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli.bad_input import BadInput
from understudy.cli.commands import base, columns, instances
from understudy.objects.text import excerpt

if TYPE_CHECKING:
    from understudy.cli.cloud import Cloud
    from understudy.objects.build_request import BuildRequest


class Build(base.OurLister):
    """Ask for instances; with --wait, stay until they are built."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the fields of a build request."""
        parser = super().get_parser(prog_name)
        _add_what(parser)
        _add_where(parser)
        _add_how(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[object, ...]]]:
        """Send the request, and show what was accepted or what was built."""
        read_form(parsed_args)  # before a connection is made: what is wrong is wrong anywhere
        with self.cloud() as cloud:
            client, context = cloud.client, cloud.context()
            request = _request(parsed_args, cloud)
            client.build(context, request)
            print(f"understudy: request {request.request_id}", file=self.app.stderr)
            if parsed_args.wait is None:
                result = client.result(context, request.request_id)
            else:
                result = client.wait(context, request.request_id, parsed_args.wait)
                self.exit_code = instances.code_of(result)
        self.warn_unanswered(result.cells_unanswered)
        return columns.INSTANCE, [columns.instance_row(one) for one in result.instances]


def _request(args: argparse.Namespace, cloud: Cloud) -> BuildRequest:
    from understudy.cli.inputs import yaml_requests

    context = cloud.context()
    owner = {"project_id": context.project_id or "admin", "user_id": context.user_id or "admin"}
    request_id = {"request_id": str(uuid.uuid4())}
    form = read_form(args)
    return yaml_requests.parse(args.file or "build", "", form, {**request_id, **owner})


def read_form(args: argparse.Namespace) -> dict[str, object]:
    """Return the request as a form: what the file says, and the options over it."""
    form: object = {}
    if args.file is not None:
        from understudy.cli.inputs import yaml_file

        form = yaml_file.load(Path(args.file))
    if not isinstance(form, dict):
        raise BadInput(args.file, "", "it holds no request", "write keys, as in count: 2")
    return form | _options(args)


def _options(args: argparse.Namespace) -> dict[str, object]:
    """Return the fields that were given as options, their values not yet checked."""
    fields: dict[str, object] = {
        "name": args.name,
        "count": _number(args.count),
        "resources": _pairs("--resource", args.resource, numbers=True),
        "required_traits": args.trait,
        "forbidden_traits": args.forbid_trait,
        "any_traits": args.any_trait and [traits.split(",") for traits in args.any_trait],
        "image": args.image,
        "parameters": _pairs("--parameter", args.parameter, numbers=False),
        "ignore_hosts": args.ignore_host,
        "only_hosts": args.only_host,
        "availability_zone": args.availability_zone,
        "affinity": _affinity(args),
        "max_attempts": _number(args.max_attempts),
        "deadline_seconds": _number(args.deadline),
        "request_id": args.request_id,
        "project_id": args.project,
        "user_id": args.user,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _affinity(args: argparse.Namespace) -> dict[str, str] | None:
    if args.affinity_group is None:
        if args.affinity_policy is not None:
            raise BadInput("--affinity-policy", "", "there is no group", "give --affinity-group")
        return None
    policy = args.affinity_policy or "anti-affinity"
    return {"group_uuid": args.affinity_group, "policy": policy}


def _pairs(option: str, texts: Sequence[str] | None, *, numbers: bool) -> dict[str, object] | None:
    if texts is None:
        return None
    pairs: dict[str, object] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            example = "VCPU=2" if numbers else "key=value"
            raise BadInput(
                option, "", f"{excerpt(text)} is not NAME=VALUE", f"write it as {example}"
            )
        if key in pairs:
            raise BadInput(option, "", f"{key} stands twice", "give it once")
        pairs[key] = _number(value) if numbers else value
    return pairs


def _number(text: str | None) -> object:
    """Return the number that the text is, or the text: what is wrong is told by the form."""
    if text is None or not re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", text, re.ASCII):
        return text
    return float(text) if "." in text else int(text)


def _add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--file", metavar="FILE", help="a request in YAML; options given beside it come first"
    )
    parser.add_argument(
        "--resource", action="append", metavar="CLASS=N", help="as VCPU=2; can be repeated"
    )
    parser.add_argument("--trait", action="append", help="the host must have it")
    parser.add_argument(
        "--forbid-trait", action="append", metavar="TRAIT", help="the host must not have it"
    )
    parser.add_argument(
        "--any-trait", action="append", metavar="A,B", help="the host must have one of these"
    )
    parser.add_argument("--count", metavar="N", help="how many equal instances (1)")
    parser.add_argument("--name", help="their name")
    parser.add_argument("--image", help="what the build driver is to start")
    parser.add_argument(
        "--parameter", action="append", metavar="KEY=VALUE", help="for the build driver"
    )


def _add_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ignore-host", action="append", metavar="HOST", help="not on this host")
    parser.add_argument(
        "--only-host", action="append", metavar="HOST", help="on this host, or others so named"
    )
    parser.add_argument("--availability-zone", metavar="ZONE", help="in this zone only")
    parser.add_argument("--affinity-group", metavar="UUID", help="the group they belong to")
    parser.add_argument(
        "--affinity-policy",
        choices=("affinity", "anti-affinity"),
        help="one host for the group, or a host for each member (anti-affinity)",
    )


def _add_how(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-attempts", metavar="N", help="hosts tried for each instance")
    parser.add_argument("--deadline", metavar="SECONDS", help="give up after so long")
    parser.add_argument(
        "--request-id", metavar="UUID", help="asked again under the same id, it builds once"
    )
    parser.add_argument("--project", help="whose instances they are")
    parser.add_argument("--user", help="who asks for them")
    parser.add_argument(
        "--wait",
        type=base.whole(1),
        metavar="SECONDS",
        help="wait so long for the ending; fail unless all are ACTIVE",
    )
