"""No history of requests tells the simulated Placement from the real one, quirks included."""

from __future__ import annotations

import json
from typing import Any

import testtools
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.chaos.simulated.gate import OpenGate
from tests.chaos.simulated.placement import SimulatedPlacement
from tests.functional.ledger.subject import OWNER, new_uuid, request
from tests.functional.support import placement
from understudy.ledger import candidate_query
from understudy.objects.build_request import BuildRequest

HOSTS = 3
CONSUMERS = 3
NOWHERE = new_uuid()

consumers = st.integers(0, CONSUMERS - 1)
generations = st.one_of(st.none(), st.integers(0, 4))
allocations = st.dictionaries(
    # One host too many: it is unknown.
    st.integers(0, HOSTS),
    st.dictionaries(st.sampled_from(["VCPU", "MEMORY_MB"]), st.integers(1, 4), min_size=1),
    max_size=2,
)
parents = st.one_of(st.none(), st.integers(0, HOSTS))
part = st.sampled_from(
    [
        ("traits", ["CUSTOM_FAST"]),
        ("traits", []),
        ("traits", ["CUSTOM_UNHEARD_OF"]),
        ("aggregates", [NOWHERE]),
        ("aggregates", []),
        ("inventories", {"VCPU": {"total": 2}}),
        ("inventories", {"VCPU": {"total": 5, "reserved": 1, "allocation_ratio": 2.0}}),
        ("inventories", {"VCPU": {"total": 4, "min_unit": 2, "step_size": 2}}),
        ("inventories", {"MEMORY_MB": {"total": 4}}),
        ("inventories", {"CUSTOM_UNHEARD_OF": {"total": 1}}),
    ]
)
requests = st.sampled_from(
    [
        request({"VCPU": 2}),
        request({"VCPU": 1, "MEMORY_MB": 1}, required_traits=["CUSTOM_FAST"]),
        request({"VCPU": 1}, forbidden_traits=["CUSTOM_FAST"]),
        request({"VCPU": 1}, aggregates=[NOWHERE]),
    ]
)


class TwoPlacements(RuleBasedStateMachine):
    """Ask both the same, and compare each answer and all that can be read afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.fixture = placement.EmbeddedPlacement()
        self.fixture.setUp()
        self.real: Any = self.fixture.adapter
        self.simulated: Any = SimulatedPlacement().adapter(OpenGate())
        self.hosts = [new_uuid() for _ in range(HOSTS)]
        self.consumers = [new_uuid() for _ in range(CONSUMERS)]

    def teardown(self) -> None:
        self.fixture.cleanUp()

    @initialize()
    def make_hosts(self) -> None:
        self.both("PUT", "/traits/CUSTOM_FAST")
        for number, uuid in enumerate(self.hosts):
            # The last one is below the first.
            parent = self.hosts[0] if number == HOSTS - 1 else None
            body = {"uuid": uuid, "name": f"host-{number}", "parent_provider_uuid": parent}
            self.both("POST", "/resource_providers", body)
            self.put_part(uuid, "inventories", {"VCPU": {"total": 4}, "MEMORY_MB": {"total": 4}})

    @rule(number=st.integers(0, HOSTS), what=part, back=st.integers(0, 1))
    def change_host(self, number: int, what: tuple[str, Any], back: int) -> None:
        self.put_part(self.host(number), *what, back)

    @rule(number=st.integers(0, HOSTS), name=st.integers(0, HOSTS), parent=parents)
    def rename(self, number: int, name: int, parent: int | None) -> None:
        above = None if parent is None else self.host(parent)
        body = {"name": f"host-{name}", "parent_provider_uuid": above}
        self.both("PUT", f"/resource_providers/{self.host(number)}", body)

    @rule(number=st.integers(0, HOSTS))
    def delete_host(self, number: int) -> None:
        self.both("DELETE", f"/resource_providers/{self.host(number)}")

    @rule(name=st.sampled_from(["CUSTOM_FAST", "CUSTOM_OWN", "HW_CPU_X86_AVX2", "VCPU", "odd"]))
    def change_names(self, name: str) -> None:
        for kind in ("traits", "resource_classes"):
            for method in ("DELETE", "PUT"):
                self.both(method, f"/{kind}/{name}")
        self.both("GET", "/traits", query=[("name", "startswith:CUSTOM_")])
        self.both("GET", "/resource_classes")

    @rule(who=consumers, name=st.integers(0, HOSTS), known=st.booleans())
    def create_again(self, who: int, name: int, known: bool) -> None:
        uuid = self.hosts[1] if known else self.consumers[who]
        if known or name < HOSTS:
            body = {"uuid": uuid, "name": f"host-{name}", "parent_provider_uuid": None}
            self.both("POST", "/resource_providers", body)

    @rule(who=consumers, what=allocations, generation=generations)
    def put(self, who: int, what: Any, generation: int | None) -> None:
        self.both("PUT", f"/allocations/{self.consumers[who]}", self.body(what, generation))

    @rule(who=consumers, what=allocations)
    def put_as_read(self, who: int, what: Any) -> None:
        found = self.get(f"/allocations/{self.consumers[who]}")
        self.put(who, what, found.get("consumer_generation"))

    @rule(what=st.dictionaries(consumers, allocations, min_size=1))
    def post_as_read(self, what: dict[int, Any]) -> None:
        bodies = {}
        for who, wanted in what.items():
            found = self.get(f"/allocations/{self.consumers[who]}")
            generation = found.get("consumer_generation")
            bodies[self.consumers[who]] = self.body(wanted, generation)
        self.both("POST", "/allocations", bodies)

    @rule(who=consumers)
    def delete(self, who: int) -> None:
        self.both("DELETE", f"/allocations/{self.consumers[who]}")

    @invariant()
    def both_hold_the_same(self) -> None:
        for uuid in self.consumers:
            self.both("GET", f"/allocations/{uuid}")
        self.both("GET", "/resource_providers")

    @rule(number=st.integers(0, HOSTS))
    def look_at_host(self, number: int) -> None:
        uuid = self.host(number)
        self.both("GET", f"/resource_providers/{uuid}")
        for what in ("inventories", "traits", "aggregates", "usages", "allocations"):
            self.both("GET", f"/resource_providers/{uuid}/{what}")
        self.both("GET", "/resource_providers", query=[("in_tree", uuid)])
        self.both("GET", "/resource_providers", query=[("uuid", uuid)])
        self.both("GET", "/resource_providers", query=[("name", f"host-{number}")])

    @rule(asked=requests)
    def find(self, asked: BuildRequest) -> None:
        self.both("GET", "/allocation_candidates", query=candidate_query.query(asked, 50))
        self.both("GET", "/resource_providers", query=[("resources", "VCPU:2")])

    def put_part(self, uuid: str, what: str, value: Any, back: int = 0) -> None:
        generation = self.get(f"/resource_providers/{uuid}").get("generation", 0)
        body = {what: value, "resource_provider_generation": max(0, generation - back)}
        self.both("PUT", f"/resource_providers/{uuid}/{what}", body)

    def host(self, number: int) -> str:
        return self.hosts[number] if number < HOSTS else NOWHERE

    def body(self, what: dict[int, Any], generation: int | None) -> dict[str, Any]:
        return {
            "allocations": {
                self.host(number): {"resources": part} for number, part in what.items()
            },
            "project_id": OWNER.project_id,
            "user_id": OWNER.user_id,
            "consumer_type": OWNER.consumer_type,
            "consumer_generation": generation,
        }

    def get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.simulated.request(path, "GET").json()
        return found

    def both(self, method: str, path: str, body: Any = None, query: Any = ()) -> None:
        more: dict[str, Any] = {"params": query} | ({} if body is None else {"json": body})
        answers = [
            one.request(path, method, raise_exc=False, **more)
            for one in (self.real, self.simulated)
        ]
        real, simulated = (said(answer) for answer in answers)
        assert real == simulated, (method, path, query, body, real, simulated)


def said(answer: Any) -> Any:
    """What an answer says, without what nobody reads: links, details, 201 for 204, order."""
    status = answer.status_code
    if not answer.content:
        return 204 if status == 201 else status
    body = answer.json()
    if "errors" in body:
        return status, body["errors"][0]["code"]
    return status, plain(body)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items() if key != "links"}
    if isinstance(value, list):
        return sorted((plain(part) for part in value), key=_text)
    return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


class SamePlacementTest(testtools.TestCase):
    def test_no_history_tells_them_apart(self) -> None:
        run_state_machine_as_test(
            TwoPlacements,
            settings=settings(
                max_examples=10,
                stateful_step_count=20,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
