"""Which hosts are taken, and who may speak for them: the decision alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import testtools
from hypothesis import given
from hypothesis import strategies as st

from understudy.cells.records import UNNAMED, Binding, HostRecord
from understudy.cells.refusals import Why
from understudy.conductor import host_identity
from understudy.conductor.host_identity import Refusal
from understudy.ledger.errors import ProviderNotOurs
from understudy.objects.fields import AdminState
from understudy.objects.host import Host

UUID, OTHER_UUID = "0" * 8 + "-1111-4111-8111-" + "1" * 12, "0" * 8 + "-2222-4222-8222-" + "2" * 12
MINE = Binding("my-agent", "my-user", "here")
NO_USER = Binding("my-agent", None, "here")


def host(name: str = "a", uuid: str = UUID) -> Host:
    return Host(name=name, nodename=name, compute_node_uuid=uuid, agent=f"agent-of-{name}")


def known(name: str = "a", uuid: str = UUID, bound: Binding = MINE, **more: Any) -> HostRecord:
    values: dict[str, Any] = {
        "nodename": name,
        "agent": f"agent-of-{name}",
        "availability_zone": None,
        "failure_domain": None,
        "admin_state": AdminState.ENABLED,
        "reason": None,
        "down": False,
        "schedulable": True,
        "silent_for": 3.0,
    }
    return HostRecord(name=name, compute_node_uuid=uuid, bound=bound, **(values | more))


def judge(
    wanted: Host,
    *rows: HostRecord,
    who: Binding = MINE,
    approved: str = "",
    admits_new: bool = False,
) -> Refusal | None:
    return host_identity.judge(wanted, who, rows, approved, admits_new=admits_new)


class JudgeTest(testtools.TestCase):
    def refused(self, found: Refusal | None, why: Why, *said: str) -> None:
        assert found is not None
        self.assertEqual(why, found.why)
        for part in said:
            self.assertIn(part, f"{found.detail}; {found.remedy}")

    def test_a_known_host_of_its_own_agent(self) -> None:
        self.assertIsNone(judge(host(), known()))

    def test_a_new_one_waits_for_the_operator(self) -> None:
        self.refused(judge(host()), Why.NEW, "understudy-manage host approve a")
        self.assertIsNone(judge(host(), approved=Why.NEW))
        self.assertIsNone(judge(host(), admits_new=True))

    def test_a_rename_is_named_with_both_names(self) -> None:
        found = judge(host("b"), known("a"), admits_new=True)
        self.refused(found, Why.RENAMED, "agent-of-b", "understudy-manage host rename a b")

    def test_a_rename_to_a_name_that_is_taken(self) -> None:
        found = judge(host("b"), known("a"), known("b", OTHER_UUID), admits_new=True)
        self.refused(found, Why.RENAMED)

    def test_a_name_that_another_uuid_has(self) -> None:
        found = judge(host(uuid=OTHER_UUID), known(), admits_new=True)
        self.refused(found, Why.NAME_TAKEN, UUID, OTHER_UUID, "understudy-manage host replace a")

    def test_no_approval_lets_a_name_or_a_uuid_go_to_another(self) -> None:
        for approved in Why:
            self.assertIsNotNone(judge(host("b"), known("a"), approved=approved))
            self.assertIsNotNone(judge(host(uuid=OTHER_UUID), known(), approved=approved))

    def test_another_agent(self) -> None:
        for other in (
            dataclasses.replace(MINE, agent_uuid="theirs"),
            dataclasses.replace(MINE, bus_user="theirs"),
            dataclasses.replace(MINE, bus_user=None),
            UNNAMED,
        ):
            for down in (False, True):
                found = judge(host(), known(down=down), who=other)
                self.refused(found, Why.AGENT, "understudy-manage host rebind a", "my-user")
            self.assertIsNone(judge(host(), known(), who=other, approved=Why.AGENT))

    def test_a_clone_while_the_other_one_lives(self) -> None:
        clone = dataclasses.replace(MINE, origin="elsewhere")
        self.refused(
            judge(host(), known(), who=clone), Why.CLONE, "heard from elsewhere", "host rebind a"
        )
        self.assertIsNone(judge(host(), known(), who=clone, approved=Why.CLONE))

    def test_the_same_agent_from_elsewhere_once_it_was_silent(self) -> None:
        moved = dataclasses.replace(MINE, origin="elsewhere")
        self.assertIsNone(judge(host(), known(down=True), who=moved))

    def test_a_host_of_the_first_release_is_bound_by_its_agent(self) -> None:
        self.assertIsNone(judge(host(), known(bound=UNNAMED)))

    @given(
        st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True),
        st.sampled_from([UUID, OTHER_UUID]),
        st.sampled_from(
            [UNNAMED, MINE, Binding("my-agent", None, "here"), Binding("x", "y", "z")]
        ),
        st.sampled_from([UNNAMED, MINE]),
        st.booleans(),
    )
    def test_whatever_registers_only_whom_a_host_is_bound_to_gets_its_row(
        self, names: list[str], uuid: str, who: Binding, bound: Binding, down: bool
    ) -> None:
        uuids = {"a": UUID, "b": OTHER_UUID}
        rows = [known(name, uuids[name], bound, down=down) for name in names]
        wanted = host("a", uuid)
        if judge(wanted, *rows, who=who, admits_new=True) is not None:
            return
        for row in rows:
            if row.name == wanted.name or row.compute_node_uuid == wanted.compute_node_uuid:
                self.assertEqual((row.name, row.compute_node_uuid), (wanted.name, uuid))
                same = dataclasses.replace(who, origin=bound.origin) if down else who
                self.assertTrue(bound.admits(same))


class MaySpeakTest(testtools.TestCase):
    def test_whom_it_is_bound_to(self) -> None:
        self.assertIsNone(host_identity.may_speak(MINE, known(), UUID))
        self.assertIsNone(host_identity.may_speak(MINE, known(), None))
        self.assertIsNone(host_identity.may_speak(UNNAMED, known(bound=UNNAMED), None))

    def test_nobody_else(self) -> None:
        for who in (UNNAMED, Binding("x", "my-user", "here"), Binding("my-agent", "x", "here")):
            problem = host_identity.may_speak(who, known(), UUID)
            self.assertIn("does not speak for it", str(problem))

    def test_not_for_another_host_of_that_name(self) -> None:
        problem = host_identity.may_speak(MINE, known(), OTHER_UUID)
        self.assertEqual(f"a is {UUID} here, not {OTHER_UUID}", problem)


class ProvidersTest(testtools.TestCase):
    def test_another_cells_host_is_named_with_both_cells(self) -> None:
        error = ProviderNotOurs(UUID, "a", "a", "cell1")
        found = host_identity.provider_not_ours(host(), "Cell2", error)
        self.assertEqual(Why.PROVIDERS, found.why)
        self.assertIn("cell Cell2 cannot take it from cell cell1", found.detail)
        self.assertIn(f"understudy-manage host move {UUID} Cell2", found.remedy)

    def test_anybody_elses_may_be_adopted(self) -> None:
        for cell in (None, "cell2"):
            error = ProviderNotOurs(UUID, "a", "a", cell)
            found = host_identity.provider_not_ours(host(), "Cell2", error)
            self.assertIn("understudy-manage host adopt a", found.remedy)
