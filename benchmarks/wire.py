"""How big is the scheduler's answer, and how long does it take to pack and read?

For 1, 10 and 100 instances with 2 and 4 alternates: the answer as it travels
(SelectionAnswer through the serializer and oslo.serialization), and beside it
the same Selections as plain lists of versioned objects. Every claimed host is
another one, in two cells; alternates are "own" (all hosts distinct, the most
there can be to say) or "shared" (the instances of a cell have the same ones).
"flat" hosts give VCPU, MEMORY_MB and DISK_GB; "gpu" hosts a VGPU of a nested
provider as well. "bytes" is the JSON of the answer; "sent" is the same inside
oslo.messaging's envelope, which quotes it a second time.
"""

from __future__ import annotations

import json
import random
import sys
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

# Run as a file, Python looks for imports in the file's folder only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oslo_serialization import jsonutils

from benchmarks import reporting
from understudy.objects import base
from understudy.objects.selection import Selection
from understudy.objects.selection_answer import Pick, SelectionAnswer

CELLS = ("6f0c6f0c-11aa-4c2f-9d59-0f2f8c1d7a01", "b1d5e3c2-22bb-4e0a-8a0e-5a7f3b9c4d02")
SERIALIZER = base.Serializer()


@dataclass(frozen=True)
class Case:
    """One answer to be measured."""

    hosts: str
    alternates_are: str
    instances: int
    alternates: int

    @property
    def selections(self) -> int:
        return self.instances * (1 + self.alternates)


@dataclass(frozen=True)
class Measured:
    """What one case costs, packed and plain."""

    case: Case
    packed_bytes: int
    packed_sent: int
    plain_bytes: int
    plain_sent: int
    pack_ms: float
    encode_ms: float
    decode_ms: float
    plain_encode_ms: float
    plain_decode_ms: float

    @property
    def per_selection(self) -> float:
        return self.packed_bytes / self.case.selections


class Cloud:
    """Makes hosts up, each another one, the same in every run."""

    def __init__(self, hosts: str) -> None:
        self._gpu = hosts == "gpu"
        self._random = random.Random(20)
        self._number = 0

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def host(self, cell: int) -> Selection:
        """Return a Selection of a host that was not there before."""
        self._number += 1
        name = f"compute-{self._number:04d}.cell{cell + 1}.example.net"
        root = self.uuid()
        return Selection(
            compute_node_uuid=root,
            service_host=name,
            nodename=name,
            cell_uuid=CELLS[cell],
            allocation_request=json.dumps(self._request(root)),
            allocation_request_version="1.39",
            availability_zone=f"az-{cell + 1}",
        )

    def _request(self, root: str) -> dict[str, Any]:
        amounts = {"VCPU": 4, "MEMORY_MB": 8192, "DISK_GB": 40}
        request: dict[str, Any] = {
            "allocations": {root: {"resources": amounts}},
            "mappings": {"": [root]},
        }
        if self._gpu:
            gpu = self.uuid()
            request["allocations"][gpu] = {"resources": {"VGPU": 1}}
            request["mappings"]["_GPU0"] = [gpu]
        return request


def picks(case: Case) -> list[Pick]:
    """Return the picks of this case."""
    cloud = Cloud(case.hosts)
    shared = [[cloud.host(cell) for _ in range(case.alternates)] for cell in range(len(CELLS))]
    made = []
    for number in range(case.instances):
        cell = number % len(CELLS)
        own = [cloud.host(cell) for _ in range(case.alternates)]
        alternates = own if case.alternates_are == "own" else shared[cell]
        made.append(Pick(cloud.uuid(), 1, cloud.host(cell), alternates))
    return made


def encode(entity: Any) -> str:
    return jsonutils.dumps(SERIALIZER.serialize_entity(None, entity))


def decode(text: str) -> Any:
    return SERIALIZER.deserialize_entity(None, jsonutils.loads(text))


def sent(text: str) -> int:
    """Return the bytes in oslo.messaging's envelope: JSON in JSON."""
    return len(jsonutils.dumps({"oslo.version": "2.0", "oslo.message": text}).encode())


def plain(chosen: Sequence[Pick]) -> dict[str, list[Selection]]:
    """Return the same as lists of versioned objects, by instance."""
    return {pick.instance_uuid: [pick.claimed, *pick.alternates] for pick in chosen}


def measure(case: Case, runs: int) -> Measured:
    """Return the figures of this case."""
    chosen = picks(case)
    request_id = str(uuid.UUID(int=1))
    answer = SelectionAnswer.pack(request_id, chosen)
    text = encode(answer)
    lists = plain(chosen)
    plain_text = encode(lists)
    check(chosen, decode(text).picks())
    return Measured(
        case=case,
        packed_bytes=len(text.encode()),
        packed_sent=sent(text),
        plain_bytes=len(plain_text.encode()),
        plain_sent=sent(plain_text),
        pack_ms=reporting.median_ms(lambda: SelectionAnswer.pack(request_id, chosen), runs),
        encode_ms=reporting.median_ms(lambda: encode(answer), runs),
        decode_ms=reporting.median_ms(lambda: decode(text).picks(), runs),
        plain_encode_ms=reporting.median_ms(lambda: encode(lists), runs),
        plain_decode_ms=reporting.median_ms(lambda: decode(plain_text), runs),
    )


def check(packed: Sequence[Pick], read: Sequence[Pick]) -> None:
    """A small answer that lost something would be no achievement."""
    for before, after in zip(packed, read, strict=True):
        pairs = zip(
            (before.claimed, *before.alternates), (after.claimed, *after.alternates), strict=True
        )
        for one, other in pairs:
            # The text may be spaced otherwise; all else must be the same.
            same = one.obj_clone()
            same.allocation_request = other.allocation_request
            if json.loads(one.allocation_request) != json.loads(other.allocation_request):
                raise AssertionError(f"{one} came back as {other}")
            if same != other or before.instance_uuid != after.instance_uuid:
                raise AssertionError(f"{one} came back as {other}")


def row(found: Measured) -> list[str]:
    case = found.case
    count = case.selections
    return [
        f"{case.hosts}, {case.alternates_are}",
        f"{case.instances} x {case.alternates}",
        f"{found.packed_bytes}",
        f"{found.per_selection:.0f}",
        f"{found.packed_sent / count:.0f}",
        f"{found.plain_bytes}",
        f"{found.plain_bytes / count:.0f}",
        f"{found.plain_sent / count:.0f}",
        f"{found.pack_ms:.2f}",
        f"{found.encode_ms:.2f}",
        f"{found.decode_ms:.2f}",
        f"{found.plain_encode_ms:.2f}",
        f"{found.plain_decode_ms:.2f}",
    ]


TITLES = (
    "hosts, alternates",
    "instances",
    "bytes",
    "each",
    "sent",
    "plain bytes",
    "each",
    "sent",
    "pack ms",
    "encode",
    "decode",
    "plain encode",
    "decode",
)


def figures(all_found: Sequence[Measured]) -> dict[str, object]:
    """Return the figures to keep; those in front are the case where no two hosts are the same."""
    by_case = {found.case: found for found in all_found}
    worst = by_case[Case("flat", "own", 100, 2)]
    return {
        "benchmark": "wire",
        "bytes_per_selection_100x2": round(worst.per_selection, 1),
        "sent_bytes_per_selection_100x2": round(worst.packed_sent / worst.case.selections, 1),
        "plain_bytes_per_selection_100x2": round(worst.plain_bytes / worst.case.selections, 1),
        "cases": [
            {"bytes_per_selection": round(found.per_selection, 1), **asdict(found)}
            for found in all_found
        ],
    }


def main() -> None:
    parser = reporting.parser(__doc__)
    parser.add_argument("--runs", type=int, default=9, help="runs that the medians are of")
    options = parser.parse_args()
    cases = product(("flat", "gpu"), ("own", "shared"), (1, 10, 100), (2, 4))
    all_found = [measure(Case(*case), options.runs) for case in cases]
    reporting.table(TITLES, [row(found) for found in all_found])
    reporting.finish(options, figures(all_found))


if __name__ == "__main__":
    main()
