"""Whom the scheduler answers, and which questions it takes.

A selection claims, and with `held` it moves what is claimed already. So it is
for those whom the operator names, by their user on the bus, and everything in
it is checked before the ledger is asked or told anything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from understudy.objects import validation
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import InvalidRequest
from understudy.objects.limits import RequestLimits
from understudy.objects.resource_validation import check_uuid
from understudy.rpcapi import errors as wire

METHOD: Final = "select_destinations"
HIGHEST_GENERATION: Final = 2**63 - 1
"""More than any consumer's generation in the ledger."""


@dataclass(frozen=True, slots=True)
class Door:
    """What is let in; None is not checked.

    `callers` are users of the bus, as the broker says them; None among them is
    a sender of whom it says nothing. `consumer_types` may be claimed under; a
    request that brings none is claimed under the first. `limits` bound what one
    request may hold.
    """

    callers: Collection[str | None] | None = None
    consumer_types: Sequence[str] | None = None
    limits: RequestLimits | None = None

    def check_caller(self, sender: str | None) -> None:
        """Raise Forbidden for whoever is not named."""
        if self.callers is None or sender in self.callers:
            return
        raise wire.Forbidden(
            METHOD,
            "a sender whom the broker does not name" if sender is None else f"user {sender!r}",
            "it is none of [scheduler] callers; ask the super conductor, or have it added there",
        )

    def check(
        self,
        request_id: object,
        request: object,
        instance_uuids: object,
        alternates: object,
        held: object,
    ) -> None:
        """Raise InvalidRequest for the first thing that no selection may ask for."""
        if not isinstance(request, BuildRequest):
            raise InvalidRequest("request", "it is no BuildRequest", "send one")
        validation.check(request, self.limits)
        self._check_type(request)
        check_uuid("request_id", request_id)
        instances = _check_instances(instance_uuids, request.count)
        if type(alternates) is not int or not 0 <= alternates <= validation.MAX_ALTERNATES:
            raise InvalidRequest(
                "alternates",
                "it is not a number that may be asked for",
                f"ask for 0 to {validation.MAX_ALTERNATES}",
            )
        _check_held(held, instances)

    def _check_type(self, request: BuildRequest) -> None:
        kind = request.consumer_type
        if self.consumer_types is not None and kind not in (None, *self.consumer_types):
            raise InvalidRequest(
                "consumer_type",
                f"{kind} is not claimed under here",
                f"write one of {', '.join(self.consumer_types)}, or let the operator add it to "
                "[scheduler] consumer_types",
            )


def _check_instances(instance_uuids: object, count: int) -> Sequence[str]:
    if not isinstance(instance_uuids, Sequence) or isinstance(instance_uuids, str):
        raise InvalidRequest("instance_uuids", "they are no list", "send a list of uuids")
    if not 1 <= len(instance_uuids) <= count:
        raise InvalidRequest(
            "instance_uuids",
            f"there are {len(instance_uuids)} for a request of {count}",
            f"name 1 to {count}",
        )
    for instance in instance_uuids:
        check_uuid("instance_uuids", instance)
    if len(set(instance_uuids)) < len(instance_uuids):
        raise InvalidRequest("instance_uuids", "one stands there twice", "name each once")
    return instance_uuids


def _check_held(held: object, instances: Sequence[str]) -> None:
    if not isinstance(held, Mapping):
        raise InvalidRequest("held", "it is no mapping", "send {instance: generation}")
    if not set(held) <= set(instances):
        raise InvalidRequest(
            "held", "it names an instance that is not selected for", "name it in instance_uuids"
        )
    for generation in held.values():
        if type(generation) is not int or not 0 <= generation <= HIGHEST_GENERATION:
            raise InvalidRequest(
                "held", "a generation is not a number from 0 on", "send it as it was answered"
            )
