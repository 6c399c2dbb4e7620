"""Write the answer: what travels of the hosts that were claimed and of the alternates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from understudy.objects.selection import Selection
from understudy.objects.selection_answer import Pick, SelectionAnswer
from understudy.scheduler.plan import Planned


def pack(
    request_id: str,
    placed: Sequence[Planned],
    generations: Mapping[str, int],
    alternates: Mapping[str, Sequence[Planned]],
) -> SelectionAnswer:
    """Return the answer for the placed instances, in their order."""
    return SelectionAnswer.pack(
        request_id,
        [
            Pick(
                instance_uuid=planned.instance,
                generation=generations[planned.instance],
                claimed=_selection(planned),
                alternates=[_selection(each) for each in alternates[planned.instance]],
            )
            for planned in placed
        ],
    )


def _selection(planned: Planned) -> Selection:
    mapping = planned.host.mapping
    return Selection(
        compute_node_uuid=mapping.compute_node_uuid,
        service_host=mapping.host,
        nodename=mapping.nodename,
        cell_uuid=mapping.cell_uuid,
        allocation_request=planned.candidate.allocation_request,
        allocation_request_version=planned.candidate.version,
        availability_zone=mapping.availability_zone,
    )
