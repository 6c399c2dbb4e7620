import uuid

from tests.unit.cli.app_case import AppTestCase
from understudy.compute.fault_plan import host_broken
from understudy.objects.host import Host
from understudy.objects.service import Cell, Service
from understudy.rpcapi import errors

CELL = str(uuid.UUID(int=1))
NOBODY = str(uuid.UUID(int=9))


def a_host(name: str, cell: str = "cell1") -> Host:
    return Host(
        name=name,
        nodename=name,
        compute_node_uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        agent=f"{cell}-agent",
        cell_name=cell,
        seconds_since_heartbeat=1.25,
    )


class BuildTest(AppTestCase):
    def test_asks_for_what_the_options_say(self) -> None:
        group = str(uuid.uuid4())
        rows = self.understudy_json(
            "build", "--resource", "VCPU=2", "--resource", "MEMORY_MB=512", "--count", "2",
            "--trait", "HW_CPU_X86_AVX2", "--forbid-trait", "CUSTOM_OLD",
            "--any-trait", "CUSTOM_A,CUSTOM_B", "--name", "web", "--image", "debian",
            "--ignore-host", "host-9", "--only-host", "host-1", "--only-host", "host-2",
            "--availability-zone", "az1", "--affinity-group", group,
            "--affinity-policy", "affinity", "--max-attempts", "5", "--deadline", "60",
            "--request-id", NOBODY, "--parameter", "key=a=b", "--project", "theirs",
        )  # fmt: skip
        (request,) = self.cloud.client.requests.values()
        self.assertEqual({"VCPU": 2, "MEMORY_MB": 512}, request.resources)
        self.assertEqual([["CUSTOM_A", "CUSTOM_B"]], request.any_traits)
        self.assertEqual(
            (["HW_CPU_X86_AVX2"], ["CUSTOM_OLD"]),
            (request.required_traits, request.forbidden_traits),
        )
        self.assertEqual(("web", "debian", 2), (request.name, request.image, request.count))
        self.assertEqual(["host-1", "host-2"], request.only_hosts)
        self.assertEqual(["host-9"], request.ignore_hosts)
        self.assertEqual("az1", request.availability_zone)
        self.assertIsNotNone(request.affinity)
        self.assertEqual((5, 60), (request.max_attempts, request.deadline_seconds))
        self.assertEqual({"key": "a=b"}, request.parameters)
        self.assertEqual(("theirs", "a-user"), (request.project_id, request.user_id))
        self.assertEqual(["web-1", "web-2"], [row["Name"] for row in rows])
        self.assertEqual(f"understudy: request {NOBODY}\n", self.err)
        self.assertTrue(self.cloud.closed)

    def test_waits_if_told_to(self) -> None:
        rows = self.understudy_json("build", "--resource", "VCPU=1", "--wait", "9")
        self.assertEqual("ACTIVE", rows[0]["State"])

    def test_fails_if_the_build_does(self) -> None:
        self.cloud.client.story = lambda request, index: [("host-1", host_broken())]
        self.assertEqual(1, self.understudy("build", "--resource", "VCPU=1", "--wait", "9"))
        self.assertIn("host-broken", self.out)

    def test_takes_a_file_and_options_over_it(self) -> None:
        path = self.file("request.yaml", "name: db\ncount: 3\nresources: {VCPU: 2}\n")
        self.understudy_json("build", "--file", path, "--count", "1")
        (request,) = self.cloud.client.requests.values()
        self.assertEqual(("db", 1, {"VCPU": 2}), (request.name, request.count, request.resources))


class InstancesTest(AppTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud.client.story = lambda request, index: [
            ("host-1", host_broken("no link")),
            ("host-2", None),
        ]
        self.understudy("build", "--resource", "VCPU=1", "--count", "3", "--wait", "1")
        self.uuids = list(self.cloud.client.instances)

    def test_lists_newest_first_and_a_page(self) -> None:
        rows = self.understudy_json("list", "--limit", "2")
        self.assertEqual(self.uuids[:0:-1], [row["UUID"] for row in rows])
        self.assertEqual(
            f"understudy: there are more: --marker {self.uuids[1]}, or --all\n", self.err
        )
        rows = self.understudy_json("list", "--limit", "2", "--marker", self.uuids[1])
        self.assertEqual(self.uuids[:1], [row["UUID"] for row in rows])

    def test_lists_all_pages(self) -> None:
        rows = self.understudy_json("list", "--limit", "1", "--all", "--sort", "name:asc")
        self.assertEqual(3, len(rows))
        self.assertEqual("", self.err)

    def test_filters_and_sorts(self) -> None:
        self.understudy_json(
            "list", "--state", "active", "--host", "host-2", "--project", "a-project",
            "--name", "instance-1", "--sort", "state", "--sort", "name:desc",
        )  # fmt: skip
        self.assertEqual(
            (
                {
                    "state": "ACTIVE",
                    "host": "host-2",
                    "project_id": "a-project",
                    "name": "instance-1",
                },
                ["state", "name"],
                ["asc", "desc"],
                100,
                None,
            ),
            self.cloud.client.last_listing,
        )

    def test_names_the_cells_that_do_not_answer(self) -> None:
        self.cloud.client.cells_unanswered = ["cell2"]
        self.assertEqual(0, self.understudy("list"))
        self.assertIn("warning: no answer from cell2", self.err)

    def test_refuses_a_bad_order(self) -> None:
        self.assertEqual(2, self.understudy("list", "--sort", "name:up"))
        self.assertEqual(
            "understudy: --sort: 'name:up' is no order; write KEY:asc or KEY:desc, as name:asc\n",
            self.err,
        )
        self.assertEqual(2, self.understudy("list", "--sort", "colour"))
        self.assertEqual(
            "understudy: sort: there is no key 'colour'; sort by created_at\n", self.err
        )

    def test_shows_the_timeline(self) -> None:
        self.assertEqual(0, self.understudy("show", self.uuids[0]))
        self.assertIn(
            "1  cell1/host-1  FAILED after 0.5 s: host-broken (blames the host): no link", self.out
        )
        self.assertIn("2  cell1/host-2  SUCCEEDED after 0.5 s", self.out)

    def test_shows_the_timeline_to_programs(self) -> None:
        shown = self.understudy_json("show", self.uuids[0])
        self.assertEqual(["host-1", "host-2"], [one["host"] for one in shown["timeline"]])
        self.assertEqual("2023-11-14T22:13:21.000Z", shown["timeline"][0]["started_at"])

    def test_deletes(self) -> None:
        self.assertEqual(0, self.understudy("delete", self.uuids[0], self.uuids[1]))
        states = [self.cloud.client.instances[one].state for one in self.uuids]
        self.assertEqual(["DELETED", "DELETED", "ACTIVE"], states)

    def test_deletes_a_request(self) -> None:
        (request_id,) = self.cloud.client.requests
        self.assertEqual(0, self.understudy("delete", "--request", request_id))
        states = {one.state for one in self.cloud.client.instances.values()}
        self.assertEqual({"DELETED"}, states)

    def test_waits(self) -> None:
        (request_id,) = self.cloud.client.requests
        self.assertEqual(3, len(self.understudy_json("wait", request_id)))

    def test_says_in_one_line_what_is_not_there(self) -> None:
        for command in ("show", "delete"):
            self.assertEqual(1, self.understudy(command, NOBODY))
            self.assertEqual(f"understudy: {errors.InstanceNotFound(NOBODY)}\n", self.err)
        self.assertEqual(1, self.understudy("wait", NOBODY))
        self.assertEqual(f"understudy: {errors.RequestNotFound(NOBODY)}\n", self.err)

    def test_refuses_what_is_no_uuid(self) -> None:
        for argv in (["show", "x"], ["delete", self.uuids[0], "x"]):
            self.assertEqual(2, self.understudy(*argv))
            self.assertEqual(
                "understudy: uuid: 'x' is not a uuid; take one that `list` shows\n", self.err
            )
        self.assertEqual("ACTIVE", self.cloud.client.instances[self.uuids[0]].state)


class OperatorTest(AppTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud.client.hosts = {
            "host-1": a_host("host-1"),
            "host-2": a_host("host-2", "cell2"),
        }

    def test_lists_hosts(self) -> None:
        rows = self.understudy_json("host", "list")
        self.assertEqual(["host-1", "host-2"], [row["Host"] for row in rows])
        self.assertEqual(1.2, rows[0]["Silent for"])
        (row,) = self.understudy_json("host", "list", "--cell", "cell2")
        self.assertEqual("host-2", row["Host"])

    def test_sets_a_host_with_a_reason(self) -> None:
        for command, state in (("disable", "disabled"), ("drain", "draining")):
            shown = self.understudy_json("host", command, "host-1", "--reason", "new disk")
            self.assertEqual((state, "new disk"), (shown["State"], shown["Reason"]))
        shown = self.understudy_json("host", "enable", "host-1")
        self.assertEqual(("enabled", None), (shown["State"], shown["Reason"]))

    def test_wants_a_reason(self) -> None:
        self.assert_refused(
            "host disable: the following arguments are required: --reason; see understudy --help",
            "host", "disable", "host-1",
        )  # fmt: skip
        self.assert_refused(
            "--reason: it says nothing; write why, in a few words",
            "host", "drain", "host-1", "--reason", " ",
        )  # fmt: skip

    def test_says_that_there_is_no_such_host(self) -> None:
        self.assertEqual(1, self.understudy("host", "enable", "host-3"))
        self.assertEqual(f"understudy: {errors.HostNotFound('host-3')}\n", self.err)

    def test_lists_services_with_liveness(self) -> None:
        self.cloud.client.services = [
            Service(binary="compute", name="a", cell_name="cell1", alive=False,
                    seconds_since_heartbeat=99.0),
        ]  # fmt: skip
        (row,) = self.understudy_json("service", "list")
        self.assertEqual((False, 99.0), (row["Alive"], row["Silent for"]))

    def test_lists_cells(self) -> None:
        self.cloud.client.cells = [
            Cell(uuid=CELL, name="cell1", enabled=True, transport_url="rabbit://***@a",
                 database_url="sqlite://", answers=False),
        ]  # fmt: skip
        (row,) = self.understudy_json("cell", "list")
        self.assertEqual(("cell1", False), (row["Name"], row["Answers"]))
        self.assertIn("no answer from cell1", self.err)
