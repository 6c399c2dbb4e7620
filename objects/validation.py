"""Is a build request possible at all, whatever the cloud holds?

Pure checks of shape; whether a resource class or a trait exists is for whoever
can ask the ledger. Each failure is one InvalidRequest that names the field.
"""

from __future__ import annotations

from collections.abc import Sequence

from understudy.objects import errors, request_size, resource_validation
from understudy.objects import fields as our_fields
from understudy.objects import text as texts
from understudy.objects.base import UnderstudyObject
from understudy.objects.build_request import BuildRequest
from understudy.objects.limits import RequestLimits
from understudy.objects.resource_validation import MAX_AMOUNT

MAX_COUNT = 1000
"""Instances in one request; more are several requests."""
MAX_TEXT = 255
"""Characters in a name: what Placement and the databases hold."""
MAX_IMAGE = 2048
"""Characters in an image, which may be a URL."""
MAX_ALTERNATES = 64
"""Alternates of one instance in one selection."""

_LOWEST = {"max_attempts": 1, "spare_alternates": 0, "max_cells": 1, "deadline_seconds": 1}


def check(request: BuildRequest, limits: RequestLimits | None = None) -> None:
    """Raise InvalidRequest for the first thing that can never be met.

    With `limits`, also for the first thing that there is too much of.
    """
    _check_complete(request)
    if limits is not None:
        request_size.check(request, limits)
    _check_count(request)
    _check_identity(request)
    resource_validation.check(request)
    _check_bounds(request)
    _check_hosts(request)
    _check_affinity(request)
    _check_for_driver(request)


def _check_count(request: BuildRequest) -> None:
    if request.count < 1:
        raise errors.InvalidRequest(
            "count",
            f"{texts.excerpt(request.count)} instances were asked for",
            "ask for 1 or more",
        )
    if request.count > MAX_COUNT:
        raise errors.InvalidRequest(
            "count",
            f"{texts.excerpt(request.count)} instances were asked for",
            f"ask for at most {MAX_COUNT} at once, or send several requests",
        )


def _check_identity(request: BuildRequest) -> None:
    resource_validation.check_uuid("request_id", request.request_id)
    _check_text("name", request.name)
    _check_text("project_id", request.project_id)
    _check_text("user_id", request.user_id)
    kind = request.consumer_type
    if kind is not None and not resource_validation.is_name(kind):
        raise errors.InvalidRequest(
            "consumer_type",
            f"{texts.excerpt(kind)} is not a consumer type",
            f"write 1 to {MAX_TEXT} capitals, digits and underscores, or leave it out",
        )


def _check_bounds(request: BuildRequest) -> None:
    for field, least in _LOWEST.items():
        value = getattr(request, field)
        if value is not None and value < least:
            raise errors.InvalidRequest(
                field, f"{texts.excerpt(value)} is too low", f"give {least} or more"
            )
        if value is not None and value > MAX_AMOUNT:
            raise errors.InvalidRequest(
                field, f"{texts.excerpt(value)} is too high", f"give at most {MAX_AMOUNT}"
            )


def _check_hosts(request: BuildRequest) -> None:
    _check_texts("only_hosts", request.only_hosts)
    _check_texts("ignore_hosts", request.ignore_hosts)
    if request.only_hosts and set(request.only_hosts) <= set(request.ignore_hosts):
        raise errors.InvalidRequest(
            "only_hosts",
            "every host insisted on is also ignored",
            "take one out of ignore_hosts",
        )
    for cell in request.ignore_cells:
        resource_validation.check_uuid("ignore_cells", cell)
    if request.availability_zone is not None:
        _check_text("availability_zone", request.availability_zone)


def _check_affinity(request: BuildRequest) -> None:
    if request.affinity is None:
        return
    resource_validation.check_uuid("affinity.group_uuid", request.affinity.group_uuid)
    _check_texts("affinity.hosts", request.affinity.hosts)
    apart = request.affinity.policy == our_fields.AffinityPolicy.ANTI_AFFINITY
    left = set(request.only_hosts) - set(request.ignore_hosts)
    if apart and request.only_hosts and request.count > len(left):
        raise errors.InvalidRequest(
            "count",
            f"{request.count} instances of an anti-affinity group need as many hosts, "
            f"and only_hosts allows {len(left)}",
            "ask for fewer, or name more hosts",
        )


def _check_for_driver(request: BuildRequest) -> None:
    if request.image is not None:
        _check_text("image", request.image, MAX_IMAGE)
    _check_texts("parameters", list(request.parameters))
    for key, value in request.parameters.items():
        _check_encodes(f"parameters.{texts.printable(key, texts.EXCERPT)}", value)


def _check_complete(request: BuildRequest) -> None:
    """Raise InvalidRequest where a message left out what has no default."""
    _check_fields("", request)
    for index, group in enumerate(request.groups):
        _check_fields(f"groups[{index}].", group)
    if request.affinity is not None:
        _check_fields("affinity.", request.affinity)


def _check_fields(prefix: str, asked: UnderstudyObject) -> None:
    for field in asked.fields:
        if not asked.obj_attr_is_set(field):
            raise errors.InvalidRequest(f"{prefix}{field}", "it is missing", "write it down")


def _check_encodes(field: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise errors.InvalidRequest(
            field, f"character {error.start} is half of a pair", "write whole characters"
        ) from None


def _check_texts(field: str, found: Sequence[str]) -> None:
    for text in found:
        _check_text(field, text)


def _check_text(field: str, text: str, longest: int = MAX_TEXT) -> None:
    if not text.strip():
        raise errors.InvalidRequest(
            field, f"{texts.excerpt(text)} says nothing", "write a name, or leave it out"
        )
    if len(text) > longest:
        raise errors.InvalidRequest(
            field, f"{len(text)} characters are too long", f"write at most {longest}"
        )
    if not text.isprintable():
        raise errors.InvalidRequest(
            field, f"{texts.excerpt(text)} cannot be printed", "leave control characters out"
        )
