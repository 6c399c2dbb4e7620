"""What a held claim means; the cases that a whole selection reaches only with luck."""

from __future__ import annotations

import json

import testtools

from tests.unit.scheduler import inventions
from tests.unit.scheduler.cloud import group, request, uuid_of
from understudy.ledger.protocols import Allocations, HeldClaim, Owner
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.fields import AffinityPolicy
from understudy.scheduler import adoption
from understudy.scheduler.adoption import Adopt, Expectation, Leave, Unchanged
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.plan import Planned

OURS = Owner("project", "user", "UNDERSTUDY")
FULL = inventions.host("host")


def held(
    generation: int | None = 1,
    owner: Owner | None = OURS,
    allocations: Allocations | None = None,
) -> HeldClaim:
    found = {uuid_of("host"): {"VCPU": 1}} if allocations is None else allocations
    return HeldClaim("vm", found, generation, owner)


def judge(
    claim: HeldClaim,
    host: HostCandidate | None = FULL,
    wanted: BuildRequest | None = None,
    generation: int | None = None,
    is_first: bool = True,
    placed: tuple[Planned, ...] = (),
) -> adoption.Verdict:
    expected = Expectation("vm", OURS, generation, is_first)
    return adoption.judge(claim, expected, host, wanted or request(), placed)


class VerdictTest(testtools.TestCase):
    def test_nothing_held_and_nothing_expected(self) -> None:
        self.assertEqual(Unchanged(), judge(held(None, None, {})))

    def test_held_as_expected(self) -> None:
        self.assertEqual(Unchanged(), judge(held(3), generation=3, is_first=False))

    def test_ours_on_a_host_that_suits(self) -> None:
        self.assertIsInstance(judge(held()), Adopt)
        self.assertIsInstance(judge(held(4), generation=3, is_first=False), Adopt)

    def test_gone(self) -> None:
        self.assertEqual(Unchanged(), judge(held(None, None, {}), generation=2))
        self.assertIsInstance(judge(held(None, None, {}), generation=2, is_first=False), Leave)

    def test_somebody_elses(self) -> None:
        for owner in (Owner("project", "user", "INSTANCE"), Owner("p", "user", "UNDERSTUDY")):
            self.assertIsInstance(judge(held(owner=owner)), Leave)

    def test_on_no_host_of_ours(self) -> None:
        self.assertIsInstance(judge(held(), host=None), Leave)
        self.assertIsInstance(judge(held(4), host=None, generation=3, is_first=False), Leave)

    def test_on_a_host_that_is_not_allowed(self) -> None:
        wanted = request(ignore_hosts=["host"])
        self.assertIsInstance(judge(held(), wanted=wanted), Leave)

    def test_of_another_shape(self) -> None:
        self.assertIsInstance(judge(held(), wanted=request(resources={"VCPU": 2})), Leave)

    def test_beside_a_member_that_came_there_since(self) -> None:
        apart = request(affinity=group(AffinityPolicy.ANTI_AFFINITY, "host"))
        self.assertIsInstance(judge(held(), wanted=apart), Adopt)
        self.assertIsInstance(judge(held(4), wanted=apart, generation=3, is_first=False), Leave)

    def test_beside_a_member_that_it_must_not_be_beside(self) -> None:
        other = (Planned("other", FULL, FULL.candidates[0]),)
        apart = request(affinity=group(AffinityPolicy.ANTI_AFFINITY))
        together = request(affinity=group(AffinityPolicy.AFFINITY))
        self.assertIsInstance(judge(held(), wanted=apart, placed=other), Adopt)
        self.assertIsInstance(judge(held(), wanted=together, placed=other), Adopt)

    def test_away_from_a_member_that_it_must_be_with(self) -> None:
        elsewhere = inventions.host("elsewhere")
        other = (Planned("other", elsewhere, elsewhere.candidates[0]),)
        together = request(affinity=group(AffinityPolicy.AFFINITY))
        self.assertIsInstance(judge(held(), wanted=together, placed=other), Leave)


class RebuildTest(testtools.TestCase):
    """The candidate of a host that is full by now, so that the ledger shows none."""

    def rebuilt(self, wanted: BuildRequest, allocations: Allocations) -> dict[str, object]:
        bare = HostCandidate(FULL.mapping)
        verdict = judge(held(allocations=allocations), bare, wanted)
        assert isinstance(verdict, Adopt), verdict
        text: dict[str, object] = json.loads(verdict.planned.candidate.allocation_request)
        return text

    def test_it_claims_the_same(self) -> None:
        allocations = {uuid_of("host"): {"VCPU": 1}}
        self.assertEqual(
            {
                "allocations": {uuid_of("host"): {"resources": {"VCPU": 1}}},
                "mappings": {"": [uuid_of("host")]},
            },
            self.rebuilt(request(), allocations),
        )

    def test_each_group_gets_a_provider_that_serves_it(self) -> None:
        groups = [
            ResourceGroup(suffix="_SMALL", resources={"VGPU": 1}),
            ResourceGroup(suffix="_LARGE", resources={"VGPU": 4}),
        ]
        wanted = request(groups=groups, group_policy="isolate")
        allocations = {uuid_of("host"): {"VCPU": 1}, "gpu4": {"VGPU": 4}, "gpu1": {"VGPU": 1}}
        self.assertEqual(
            {"": [uuid_of("host")], "_SMALL": ["gpu1"], "_LARGE": ["gpu4"]},
            self.rebuilt(wanted, allocations)["mappings"],
        )

    def test_groups_may_share_a_provider(self) -> None:
        groups = [ResourceGroup(suffix=f"_{n}", resources={"VGPU": 2}) for n in range(2)]
        wanted = request(resources={}, groups=groups, group_policy="none")
        self.assertEqual(
            {"_0": ["gpu"], "_1": ["gpu"]},
            self.rebuilt(wanted, {"gpu": {"VGPU": 4}})["mappings"],
        )

    def test_a_claim_that_fits_no_group_has_no_mappings(self) -> None:
        groups = [ResourceGroup(suffix=f"_{n}", resources={"VGPU": 2}) for n in range(2)]
        wanted = request(resources={}, groups=groups, group_policy="isolate")
        self.assertNotIn("mappings", self.rebuilt(wanted, {"gpu": {"VGPU": 4}}))
