from __future__ import annotations

from typing import Any

from tests.unit.compute.scene import AGENT, OTHER_VM, VM, AgentTestCase, Scene, request, selection
from tests.unit.compute.test_tags import NO_ATTEMPTS, NO_UUIDS
from understudy.compute.endpoints import ComputeEndpoint
from understudy.compute.fake_hosts import fake_host
from understudy.compute.tags import Tag
from understudy.objects.errors import InvalidRequest
from understudy.objects.orders import Orders
from understudy.rpcapi.context import RequestContext

HOST_UUID = fake_host("host-a", AGENT, {}).compute_node_uuid
OTHER_UUID = fake_host("host-b", AGENT, {}).compute_node_uuid
HELD = Tag("host-a", VM, 1)


class OrdersTestCase(AgentTestCase):
    """An agent that holds one instance."""

    def setUp(self) -> None:
        super().setUp()
        self.scene = Scene()
        self.scene.cast_build()
        self.scene.pools.run()
        self.scene.reporter.report()
        self.endpoint = ComputeEndpoint(self.scene.agent)

    def assert_left(self) -> None:
        """Nothing is done, and nothing is left to do."""
        self.scene.pools.run_to_the_end()
        self.assertEqual({HELD}, self.scene.held())
        self.assertEqual([], self.scene.journal.unfinished())
        self.assertEqual([], self.scene.said("torn_down"))


class CastTest(OrdersTestCase):
    """A cast is obeyed for exactly (host uuid, instance uuid, attempt)."""

    def tear_down(self, **other: Any) -> None:
        order = {"host": "host-a", "instance_uuid": VM, "attempt": 1, "host_uuid": HOST_UUID}
        self.endpoint.tear_down(RequestContext(), **(order | other))

    def build(self, **other: Any) -> None:
        order = {
            "host": "host-a",
            "instance_uuid": OTHER_VM,
            "attempt": 1,
            "request": request(),
            "selection": selection("host-a"),
        }
        self.endpoint.build(RequestContext(), **(order | other))

    def test_what_is_right_is_done(self) -> None:
        self.tear_down()
        self.scene.pools.run()
        self.assertEqual(set(), self.scene.held())

    def test_a_conductor_of_the_first_release_says_no_host_uuid(self) -> None:
        self.tear_down(host_uuid=None)
        self.scene.pools.run()
        self.assertEqual(set(), self.scene.held())

    def test_what_is_no_instance(self) -> None:
        for uuid in NO_UUIDS:
            self.assertRaises(InvalidRequest, self.tear_down, instance_uuid=uuid)
            self.assertRaises(InvalidRequest, self.build, instance_uuid=uuid)
        self.assert_left()

    def test_what_is_no_attempt(self) -> None:
        for attempt in NO_ATTEMPTS:
            self.assertRaises(InvalidRequest, self.tear_down, attempt=attempt)
            self.assertRaises(InvalidRequest, self.build, attempt=attempt)
        self.assert_left()

    def test_what_is_none_of_its_hosts(self) -> None:
        for host in ("host-z", "", "HOST-A", "host-a ", None, 1, ["host-a"], {"host-a": 1}):
            self.assertRaises(InvalidRequest, self.tear_down, host=host)
            self.assertRaises(InvalidRequest, self.build, host=host)
        self.assert_left()

    def test_another_hosts_uuid(self) -> None:
        for uuid in (OTHER_UUID, VM, HOST_UUID.upper(), "", 7, b"", [HOST_UUID]):
            self.assertRaises(InvalidRequest, self.tear_down, host_uuid=uuid)
        self.assert_left()

    def test_a_selection_of_another_host(self) -> None:
        self.assertRaises(InvalidRequest, self.build, selection=selection("host-b"))
        self.assert_left()

    def test_what_is_no_request_or_selection(self) -> None:
        junk: Any
        for junk in (None, {}, "x", 7, request()):
            self.assertRaises(InvalidRequest, self.build, selection=junk)
        for junk in (None, {}, "x", 7, selection("host-a")):
            self.assertRaises(InvalidRequest, self.build, request=junk)
        self.assert_left()

    def test_each_is_dropped_with_one_line(self) -> None:
        before = self.log.output.count("\n")
        self.assertRaises(InvalidRequest, self.tear_down, instance_uuid="../../etc\n\x1b[2J")
        said = self.log.output.splitlines()[before:]
        self.assertEqual(1, len(said), str(said))
        self.assertIn(r"'../../etc\n\x1b[2J' is no uuid", said[0])


class AnswerTest(OrdersTestCase):
    """Orders in the answer to a heartbeat or a registration go the same way."""

    def carry_out(self, host_uuids: dict[str, str] | None = None, **tear_down: Any) -> None:
        named = {"host-a": HOST_UUID, "host-b": OTHER_UUID} if host_uuids is None else host_uuids
        orders = {host.replace("_", "-"): pairs for host, pairs in tear_down.items()}
        self.scene.agent.carry_out(Orders(tear_down=orders, host_uuids=named))

    def test_what_is_no_pair(self) -> None:
        for uuid in NO_UUIDS:
            self.carry_out(host_a=[[uuid, 1]])
        for attempt in NO_ATTEMPTS:
            self.carry_out(host_a=[[VM, attempt]])
        for junk in ([VM], [VM, 1, 1], [], VM, 1, None, {}, {"a": 1, "b": 2}):
            self.carry_out(host_a=[junk])
            self.carry_out(host_a=junk)
        self.assert_left()

    def test_another_hosts_uuid_or_none(self) -> None:
        for named in ({"host-a": OTHER_UUID}, {"host-a": "x"}, {"host-b": OTHER_UUID}):
            self.carry_out(named, host_a=[[VM, 1]])
        self.carry_out(host_b=[[VM, 2]], host_z=[[VM, 1]])
        self.scene.pools.run_to_the_end()
        self.assertEqual({HELD}, self.scene.held())

    def test_one_that_is_wrong_keeps_no_other_from_it(self) -> None:
        self.carry_out(host_a=[["/", 1], [VM, "1"], None, [VM, 1]])
        self.scene.pools.run()
        self.assertEqual(set(), self.scene.held())
        self.assertEqual(3, self.log.output.count("An order"))

    def test_a_conductor_of_the_first_release_says_no_host_uuids(self) -> None:
        self.carry_out({}, host_a=[[VM, 1]])
        self.scene.pools.run()
        self.assertEqual(set(), self.scene.held())


class UnknownTest(OrdersTestCase):
    """What the cell knows nothing of is left, and said once."""

    def hear(self, unknown: Any) -> None:
        self.scene.reporter._take(Orders(unknown=unknown))

    def count(self) -> int:
        return self.log.output.count("that its cell knows nothing of")

    def test_it_is_said_once(self) -> None:
        for _ in range(3):
            self.hear({"host-a": [[VM, 1]]})
        self.hear({})
        self.hear({"host-a": [[VM, 1], [VM, 2]]})
        self.assertEqual(2, self.count())
        self.assertIn(f"host-a holds attempt 1 of {VM} that its cell", self.log.output)
        self.assert_left()

    def test_junk_is_no_harm(self) -> None:
        junk: Any
        for junk in ({"host-a": 7}, {"host-a": [7]}, {"host-a": [["\x1b", 1]]}, [], 7):
            self.hear(junk)
        self.assertEqual(0, self.count())
        self.assertNotIn("\x1b", self.log.output)
