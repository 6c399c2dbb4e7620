"""Every method of every client: what is sent arrives, and so does the answer."""

from typing import Any

from tests.functional.rpcapi.recording import Recording
from tests.functional.support.buses import BusTestCase
from tests.unit.objects import samples
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.client import Client
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.super_conductor import SuperConductorClient

VM, OTHER = samples.uuid(2), samples.uuid(7)
OBJECTS = samples.everything()


class ClientTestCase(BusTestCase):
    """Calls a client's method and compares what arrives."""

    def setUp(self) -> None:
        super().setUp()
        self.buses = self.make_buses()
        self.ctxt = RequestContext("a-project", "a-user", "req-1")

    def assert_arrives(
        self,
        client: Client,
        bus: Bus,
        method: str,
        arguments: dict[str, Any],
        answer: Any = None,
        server: str = "one",
    ) -> None:
        endpoint = Recording(method, answer=answer)
        self.buses.serve(bus, client.service, endpoint, name=server)
        self.assertEqual(answer, getattr(client, method)(self.ctxt, **arguments))
        name, ctxt, arrived = endpoint.next_call()
        self.assertEqual((method, self.ctxt.facts()), (name, ctxt.facts()))
        # The address is for the bus, not for the endpoint.
        if isinstance(client, ComputeClient):
            arguments.pop("agent")
        self.assertEqual(arguments, arrived)


class SchedulerClientTest(ClientTestCase):
    def test_select_destinations(self) -> None:
        self.assert_arrives(
            SchedulerClient(self.buses.api),
            self.buses.api,
            "select_destinations",
            {
                "request_id": samples.uuid(1),
                "request": OBJECTS["BuildRequest"],
                "instance_uuids": [VM, OTHER],
                "alternates": 3,
                "held": {VM: 4},
            },
            OBJECTS["SelectionAnswer"],
        )


class SuperConductorClientTest(ClientTestCase):
    def check(self, method: str, arguments: dict[str, Any], answer: Any = None) -> None:
        client = SuperConductorClient(self.buses.api)
        self.assert_arrives(client, self.buses.api, method, arguments, answer)

    def test_build(self) -> None:
        self.check("build", {"request": OBJECTS["BuildRequest"]}, OBJECTS["BuildAccepted"])

    def test_result(self) -> None:
        self.check("result", {"request_id": samples.uuid(1)}, OBJECTS["BuildResult"])

    def test_cancel(self) -> None:
        self.check("cancel", {"request_id": samples.uuid(1)})

    def test_delete(self) -> None:
        self.check("delete", {"instance_uuid": VM})

    def test_show(self) -> None:
        self.check("show", {"instance_uuid": VM}, OBJECTS["Instance"])

    def test_list_instances(self) -> None:
        query = {
            "filters": {"state": "ACTIVE"},
            "sort_keys": ["name", "uuid"],
            "sort_dirs": ["asc", "desc"],
            "limit": 50,
            "marker": None,
        }
        self.check("list_instances", query, OBJECTS["InstancePage"])

    def test_list_hosts(self) -> None:
        self.check("list_hosts", {"cell_name": None}, OBJECTS["HostPage"])

    def test_set_host(self) -> None:
        order = {"host": "host-1", "admin_state": "draining", "reason": "new disks"}
        self.check("set_host", order, OBJECTS["Host"])

    def test_list_services(self) -> None:
        self.check("list_services", {}, OBJECTS["ServicePage"])

    def test_list_cells(self) -> None:
        self.check("list_cells", {}, [OBJECTS["Cell"]])


class CellConductorClientTest(ClientTestCase):
    ATTEMPT = {"host": "host-1", "instance_uuid": VM, "attempt": 2}

    def check(self, method: str, arguments: dict[str, Any], answer: Any = None) -> None:
        [cell] = self.buses.cells
        self.assert_arrives(CellConductorClient(cell), cell, method, arguments, answer)

    def test_register_host(self) -> None:
        arguments = {"host": OBJECTS["Host"], "holds": [[VM, 1], [OTHER, 3]]}
        self.check("register_host", arguments, OBJECTS["Orders"])

    def test_heartbeat(self) -> None:
        arguments = {"agent": "agent-1", "in_hand": {"host-1": [[VM, 1]], "host-2": []}}
        self.check("heartbeat", arguments, OBJECTS["Orders"])

    def test_build_started(self) -> None:
        self.check("build_started", dict(self.ATTEMPT))

    def test_build_succeeded(self) -> None:
        self.check("build_succeeded", dict(self.ATTEMPT))

    def test_build_failed(self) -> None:
        self.check("build_failed", self.ATTEMPT | {"fault": OBJECTS["Fault"], "cleaned": True})

    def test_torn_down(self) -> None:
        self.check("torn_down", dict(self.ATTEMPT))

    def test_set_host(self) -> None:
        order = {"host": "host-1", "admin_state": "enabled", "reason": None}
        self.check("set_host", order, OBJECTS["Host"])

    def test_end_instances(self) -> None:
        self.check("end_instances", {"instance_uuids": [VM, OTHER]})


class ComputeClientTest(ClientTestCase):
    ATTEMPT = {"agent": "agent-1", "host": "host-1", "instance_uuid": VM, "attempt": 2}

    def check(self, method: str, arguments: dict[str, Any]) -> None:
        [cell] = self.buses.cells
        self.assert_arrives(ComputeClient(cell), cell, method, arguments, server="agent-1")

    def test_build(self) -> None:
        what = {"request": OBJECTS["BuildRequest"], "selection": OBJECTS["Selection"]}
        self.check("build", self.ATTEMPT | what)

    def test_tear_down(self) -> None:
        self.check("tear_down", self.ATTEMPT | {"host_uuid": samples.uuid(4)})
