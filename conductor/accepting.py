"""Accept a build request: check it, write it down, answer."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence

from understudy.cells import errors as cell_errors
from understudy.cells.api_store import ApiStore
from understudy.conductor.admission import Admission
from understudy.conductor.bounds import RetryBounds
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Vocabulary
from understudy.objects import validation
from understudy.objects.build_answer import BuildAccepted
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.errors import InvalidRequest
from understudy.rpcapi import errors as wire


class Acceptance:
    """The super conductor's door: what passes it will be built or end in ERROR."""

    def __init__(
        self, api: ApiStore, vocabulary: Vocabulary, bounds: RetryBounds, admission: Admission
    ) -> None:
        """Check requests against `vocabulary` and `bounds`."""
        self._api = api
        self._admission = admission
        self._vocabulary = vocabulary
        self._bounds = bounds

    def accept(self, request: BuildRequest) -> BuildAccepted:
        """Write the request down and return its instances' uuids.

        The uuids follow from the request id, so asking again gives the same
        answer, whatever became of the options and of the ledger meanwhile.
        Raises InvalidRequest, RequestIdTaken (same id, other body), Overloaded
        (too much waits already), LedgerDown (its names cannot be checked now).
        """
        validation.check(request)
        instances = [
            (instance_uuid(request.request_id, index), instance_name(request, index))
            for index in range(request.count)
        ]
        try:
            self._write_down(request, instances)
        except cell_errors.RequestIdTaken as error:
            raise wire.RequestIdTaken(request.request_id) from error
        return BuildAccepted(
            request_id=request.request_id, instance_uuids=[uuid for uuid, _ in instances]
        )

    def _write_down(self, request: BuildRequest, instances: Sequence[tuple[str, str]]) -> None:
        with contextlib.suppress(cell_errors.RequestUnknown):
            self._api.repeated(request)
            return
        whole = self._bounds.complete(request)
        self._admission.admit(request.count)
        self._check_names(whole)
        self._api.accept(whole, instances, float(whole.deadline_seconds or 0), request)

    def _check_names(self, request: BuildRequest) -> None:
        try:
            for field, names in _resource_classes(request):
                if names:
                    unknown = self._vocabulary.unknown_resource_classes(names)
                    _refuse(field, unknown, "resource class")
            for field, names in _traits(request):
                if names:
                    _refuse(field, self._vocabulary.unknown_traits(names), "trait")
        except ledger_errors.LedgerError as error:
            raise wire.LedgerDown(str(error)) from error


def instance_uuid(request_id: str, index: int) -> str:
    """Return the uuid of a request's instance: the same one each time."""
    return str(uuid.uuid5(uuid.UUID(request_id), f"instance-{index}"))


def instance_name(request: BuildRequest, index: int) -> str:
    """Return the request's name, numbered from 1 where there are several."""
    if request.count == 1:
        return request.name
    number = f"-{index + 1}"
    return request.name[: validation.MAX_TEXT - len(number)] + number


def _refuse(field: str, unknown: list[str], noun: str) -> None:
    if unknown:
        raise InvalidRequest(
            f"{field}.{unknown[0]}",
            f"the ledger knows no such {noun}",
            f"write the name of an existing {noun}; custom ones exist once a host has "
            "registered with them",
        )


def _resource_classes(request: BuildRequest) -> Iterator[tuple[str, list[str]]]:
    yield "resources", list(request.resources)
    for index, group in enumerate(request.groups):
        yield f"groups[{index}].resources", list(group.resources)


def _traits(request: BuildRequest) -> Iterator[tuple[str, list[str]]]:
    for prefix, asked in _numbered(request):
        yield f"{prefix}required_traits", list(asked.required_traits)
        yield f"{prefix}forbidden_traits", list(asked.forbidden_traits)
        yield f"{prefix}any_traits", sorted({name for names in asked.any_traits for name in names})


def _numbered(request: BuildRequest) -> Iterator[tuple[str, BuildRequest | ResourceGroup]]:
    yield "", request
    for index, group in enumerate(request.groups):
        yield f"groups[{index}].", group
