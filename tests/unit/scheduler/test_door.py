"""Row 6: the scheduler answers whom it is told to, and takes only what can be right."""

from __future__ import annotations

import functools
from typing import Any

import testtools
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.scheduler.cloud import Cloud, request, uuid_of
from understudy.ledger.protocols import HeldClaim
from understudy.objects import validation
from understudy.objects.errors import InvalidRequest
from understudy.objects.limits import RequestLimits
from understudy.objects.selection_answer import SelectionAnswer
from understudy.rpcapi import errors as wire
from understudy.rpcapi.context import RequestContext
from understudy.scheduler.door import HIGHEST_GENERATION, Door
from understudy.scheduler.endpoints import SchedulerEndpoint

VM, OTHER = uuid_of("vm"), uuid_of("other")
USERS = st.sampled_from(["understudy", "agent", "", "Understudy"]) | st.none()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


class CallersTest(testtools.TestCase):
    @given(st.sets(USERS), USERS)
    def test_nobody_else_is_answered(self, callers: set[str | None], sender: str | None) -> None:
        door = Door(callers)
        if sender in callers:
            door.check_caller(sender)
        else:
            error = self.assertRaises(wire.Forbidden, door.check_caller, sender)
            self.assertEqual("select_destinations", error.method)
        Door().check_caller(sender)


class CheckTest(testtools.TestCase):
    def refused(self, **changed: Any) -> str:
        return self.refused_at(Door(), **changed)

    def refused_at(self, door: Door, **changed: Any) -> str:
        """Return the field that is refused, or "" where nothing is."""
        asked: dict[str, Any] = {
            "request_id": uuid_of("asked"),
            "request": request(count=2),
            "instance_uuids": [VM],
            "alternates": 1,
            "held": {},
        }
        try:
            door.check(**(asked | changed))
        except InvalidRequest as refused:
            return refused.field
        return ""

    def test_what_may_be_asked(self) -> None:
        for changed in (
            {},
            {"instance_uuids": [VM, OTHER]},
            {"alternates": 0},
            {"alternates": validation.MAX_ALTERNATES},
            {"held": {VM: 0}},
            {"held": {VM: HIGHEST_GENERATION}},
        ):
            self.assertEqual("", self.refused(**changed), str(changed))

    def test_what_may_not(self) -> None:
        for field, values in {
            "request_id": (None, 7, "", VM.upper(), VM.replace("-", ""), "../" + VM),
            "request": (None, {}, [], {"understudy_object.name": "BuildRequest"}),
            "instance_uuids": (
                [],
                VM,
                {VM: 1},
                [VM, VM],
                [VM, OTHER, uuid_of("third")],
                [VM.upper()],
                [[VM]],
                [None],
            ),
            "alternates": (-1, 65, 10**12, True, 1.0, "1", None, [1]),
            "held": (
                None,
                [VM],
                {OTHER: 1},
                {VM: -1},
                {VM: True},
                {VM: "1"},
                {VM: None},
                {VM: 1.5},
                {VM: 2**63},
            ),
        }.items():
            for value in values:
                self.assertEqual(field, self.refused(**{field: value}), f"{field}={value!r}")

    @given(st.sampled_from(["request_id", "instance_uuids", "alternates", "held"]), ANYTHING)
    def test_whatever_comes_is_taken_or_refused_by_name(self, field: str, value: object) -> None:
        self.assertIn(self.refused(**{field: value}), ("", field))

    def test_the_request_is_checked_as_the_super_conductor_does(self) -> None:
        self.assertEqual("count", self.refused(request=request(count=1001)))
        self.assertEqual("resources.VCPU", self.refused(request=request(resources={"VCPU": -1})))
        self.assertEqual("project_id", self.refused(request=request(project_id="")))

    def test_a_request_is_held_to_the_operators_limits(self) -> None:
        refused = functools.partial(self.refused_at, Door(limits=RequestLimits(hosts=2, cells=1)))
        self.assertEqual("", refused(request=request(ignore_hosts=["a", "b"])))
        self.assertEqual("ignore_hosts", refused(request=request(ignore_hosts=["a", "b", "c"])))
        cells = [uuid_of("cell1"), uuid_of("cell2")]
        self.assertEqual("ignore_cells", refused(request=request(ignore_cells=cells)))

    def test_only_some_consumer_types_are_claimed_under(self) -> None:
        refused = functools.partial(self.refused_at, Door(consumer_types=("OURS", "ALSO")))
        for kind in (None, "OURS", "ALSO"):
            self.assertEqual("", refused(request=request(consumer_type=kind)))
        for kind in ("INSTANCE", "OUR"):
            self.assertEqual("consumer_type", refused(request=request(consumer_type=kind)))


class HeldTest(testtools.TestCase):
    """What is claimed is moved for whose it is, and for nobody else."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = Cloud()
        self.cloud.add("one", VCPU=4)
        self.cloud.add("two", VCPU=4)
        self.cloud.select(request(only_hosts=["one"]))
        self.before = self.read()
        self.door = Door(callers=("understudy",))

    def read(self) -> HeldClaim:
        return self.cloud.ledger.read_back(VM)

    def move(self, sender: str | None = "understudy", **asked: Any) -> SelectionAnswer:
        context = RequestContext()
        context.sender = sender
        wanted = request(only_hosts=["two"], **asked)
        endpoint = SchedulerEndpoint(self.cloud.selector(), self.door)
        answer: SelectionAnswer = endpoint.select_destinations(
            context, wanted.request_id, wanted, [VM], 0, {VM: self.before.generation or 0}
        )
        return answer

    def test_its_own_is_moved(self) -> None:
        self.move()
        self.assertEqual({"vm": {"two"}}, self.cloud.held_by("vm"))

    def test_anybody_elses_is_left(self) -> None:
        for asked in (
            {"project_id": "thief"},
            {"user_id": "thief"},
            {"consumer_type": "INSTANCE"},
        ):
            self.assertRaises(wire.LedgerRefusedRequest, self.move, **asked)
            self.assertEqual(self.before, self.read())

    def test_whoever_is_not_named_moves_and_claims_nothing(self) -> None:
        for sender in (None, "agent-1", "Understudy"):
            self.assertRaises(wire.Forbidden, self.move, sender)
            self.assertEqual(self.before, self.read())

    def test_what_is_refused_claims_nothing(self) -> None:
        self.assertRaises(InvalidRequest, self.move, resources={"VCPU": 0})
        self.assertEqual(self.before, self.read())
