"""Requests in our own YAML form: a list of build requests, and what they share.

Each has the fields of a build request as its keys; `defaults` hold for those
that a request leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from understudy.cli.bad_input import BadInput
from understudy.cli.inputs import names, providers, yaml_file
from understudy.cli.inputs.form import Form
from understudy.objects import build_request_form, text, validation
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.errors import InvalidRequest


def read_requests(
    path: Path, project_id: str, user_id: str, limit: int | None = None
) -> list[BuildRequest]:
    """Return the first `limit` requests of the file, in its order."""
    file = Form(str(path), "", yaml_file.load(path), ("defaults", "requests"))
    shared: dict[str, object] = {"project_id": project_id, "user_id": user_id}
    if "defaults" in file:
        defaults = file.form("defaults")
        shared |= {key: defaults.raw(key) for key in defaults}
    if "requests" not in file:
        raise file.wrong("requests", "it is missing", "write a list of build requests")
    requests = list(_requests(file, shared, limit))
    _check_ids(file, requests)
    return requests


def parse(file: str, place: str, form: object, shared: dict[str, object]) -> BuildRequest:
    """Return the request that was written at this place, checked."""
    try:
        request = build_request_form.parse(form, shared)
        validation.check(request)
    except InvalidRequest as invalid:
        field = f"{place}.{invalid.field}" if place else invalid.field
        raise BadInput(file, field, invalid.problem, invalid.remedy) from None
    return request


def _requests(file: Form, shared: dict[str, object], limit: int | None) -> Iterator[BuildRequest]:
    for number, (place, item) in enumerate(file.items("requests")[:limit]):
        own_id = {"request_id": providers.uuid_of("request", str(number), file.file)}
        request = parse(file.file, place, item, {**own_id, **shared})
        _check_names(file.file, place, request)
        yield request


def _check_names(file: str, place: str, request: BuildRequest) -> None:
    """Raise BadInput for what no cloud can know; custom names depend on the hosts."""
    asked: list[tuple[str, BuildRequest | ResourceGroup]] = [("", request)]
    asked += [(f"groups[{index}].", group) for index, group in enumerate(request.groups)]
    for prefix, one in asked:
        for name in one.resources:
            if not names.is_resource_class(name):
                raise BadInput(
                    file,
                    f"{place}.{prefix}resources.{name}",
                    "there is no such resource class",
                    "write a standard one as VCPU, or one of your own as CUSTOM_...",
                )
        of_choices = [trait for traits in one.any_traits for trait in traits]
        for trait in [*one.required_traits, *one.forbidden_traits, *of_choices]:
            if not names.is_trait(trait):
                raise BadInput(
                    file,
                    f"{place}.{prefix}traits",
                    f"there is no trait {text.excerpt(trait)}",
                    "write a standard one as HW_CPU_X86_AVX2, or one of your own as CUSTOM_...",
                )


def _check_ids(file: Form, requests: list[BuildRequest]) -> None:
    seen: dict[str, int] = {}
    for number, request in enumerate(requests):
        if request.request_id in seen:
            raise BadInput(
                file.file,
                f"requests[{number}].request_id",
                f"requests[{seen[request.request_id]}] has the same",
                "give each its own, or leave it out",
            )
        seen[request.request_id] = number
