from pathlib import Path

from tests.unit.cli.app_case import AppTestCase
from understudy.cli.inputs import read, yaml_nodes, yaml_requests

EXAMPLES = Path(__file__).parents[3] / "doc" / "source" / "user" / "examples"
NODES = "cells: {c: [{name: h, resources: {VCPU: 1}}]}"
REQUESTS = "requests: [{resources: {VCPU: 1}}]"


class ExampleTest(AppTestCase):
    """The examples that the documentation shows are read as it says."""

    def test_nodes(self) -> None:
        hosts = yaml_nodes.read_nodes(EXAMPLES / "nodes.yaml")
        cells = read.in_cells(hosts, 9)
        names = {cell: [host.name for host in hosts] for cell, hosts in cells.items()}
        self.assertEqual({"north": ["north-1", "north-2"], "south": ["south-1"]}, names)
        first, _, last = hosts
        self.assertEqual(
            {
                "VCPU": {"total": 32, "reserved": 2, "allocation_ratio": 4.0},
                "MEMORY_MB": {"total": 131072},
            },
            first.providers[0].inventories,
        )
        self.assertEqual(
            [f"north-1/gpu{number}" for number in range(4)],
            [provider.name for provider in first.providers[1:]],
        )
        self.assertEqual(["CUSTOM_GPU_T4"], first.providers[4].traits)
        self.assertEqual(("az1", "rack1"), (first.availability_zone, first.failure_domain))
        self.assertEqual(("north-agent", "south-agent"), (first.agent, last.agent))

    def test_requests(self) -> None:
        path = EXAMPLES / "requests.yaml"
        front, trainer = yaml_requests.read_requests(path, "p", "u")
        self.assertEqual(("web", "u", 3), (front.project_id, front.user_id, front.count))
        self.assertEqual(300, trainer.deadline_seconds)
        self.assertEqual("research", trainer.project_id)
        self.assertEqual([["CUSTOM_GPU_T4", "CUSTOM_GPU_A10"]], trainer.groups[0].any_traits)
        again = yaml_requests.read_requests(path, "p", "u", limit=1)
        self.assertEqual([front], again)


class BadFormTest(AppTestCase):
    """Every mistake in a form is one line that names the place."""

    def assert_bad(self, line: str, nodes: str = NODES, requests: str = REQUESTS) -> None:
        nodes_file, requests_file = self.file("n.yaml", nodes), self.file("r.yaml", requests)
        self.assert_refused(
            line.replace("n.yaml", nodes_file).replace("r.yaml", requests_file),
            "replay", "--nodes", nodes_file, "--requests", requests_file,
        )  # fmt: skip
        self.assertIsNone(self.clouds.created)

    def assert_bad_host(self, problem: str, host: str) -> None:
        self.assert_bad(f"n.yaml: cells.c[0].{problem}", f"cells: {{c: [{host}]}}")

    def test_yaml_that_is_none(self) -> None:
        self.assert_bad(
            "n.yaml:2: expected ',' or '}', but got ':'; mend the YAML there",
            nodes="cells: {a: [],\n b: c: d}",
        )
        self.assert_bad("n.yaml: nothing is not a map; write key: value", nodes="")

    def test_keys(self) -> None:
        self.assert_bad(
            "n.yaml: cell: there is no such key; did you mean cells?", nodes="cell: {}"
        )
        self.assert_bad(
            "n.yaml:2: the key 'c' stands twice; mend the YAML there",
            nodes="cells: {c: [],\n c: []}",
        )
        self.assert_bad_host("name: it is missing; write it down", "{resources: {VCPU: 1}}")
        self.assert_bad_host(
            "trait: there is no such key; did you mean traits?",
            "{name: h, trait: [A], resources: {VCPU: 1}}",
        )

    def test_a_host_in_two_cells(self) -> None:
        self.assert_bad(
            "n.yaml: cells.d[0].name: 'h' is cells.c[0] too; name each host once, in one cell",
            nodes="cells: {c: [{name: h, resources: {VCPU: 1}}], "
            "d: [{name: h, resources: {VCPU: 1}}]}",
        )

    def test_names_of_cells_and_agents(self) -> None:
        remedy = "write up to 63 letters, digits, '.', '_' or '-', and not just 'api'"
        for cell in ("api", "a/b"):
            self.assert_bad(
                f"n.yaml: cells.{cell}: it cannot be a cell's name; {remedy}",
                nodes=f"cells: {{{cell}: []}}",
            )
        self.assert_bad_host(
            f"agent: '../x' cannot be an agent's name; {remedy}",
            "{name: h, agent: ../x, resources: {VCPU: 1}}",
        )

    def test_amounts(self) -> None:
        for amount, problem in (
            ("1.5", "1.5 is not a whole number; write one, without quotes"),
            ("'2'", "'2' is not a whole number; write one, without quotes"),
            ("true", "True is not a whole number; write one, without quotes"),
            ("0", "0 is out of bounds; write 1 to 2147483647"),
            ("-1", "-1 is out of bounds; write 1 to 2147483647"),
        ):
            self.assert_bad_host(
                f"resources.VCPU: {problem}", f"{{name: h, resources: {{VCPU: {amount}}}}}"
            )
        self.assert_bad_host(
            "resources.VCPU.reserved: it is more than the total; reserve less",
            "{name: h, resources: {VCPU: {total: 1, reserved: 2}}}",
        )
        self.assert_bad_host(
            "resources.VCPU.allocation_ratio: 0 is not a number above 0; write one",
            "{name: h, resources: {VCPU: {total: 1, allocation_ratio: 0}}}",
        )

    def test_names_of_resources_and_traits(self) -> None:
        self.assert_bad_host(
            "resources: there are none; name at least one resource class",
            "{name: h, resources: {}}",
        )
        self.assert_bad_host(
            "resources.VCPUS: there is no resource class 'VCPUS'; "
            "write a standard one as VCPU, or one of your own as CUSTOM_...",
            "{name: h, resources: {VCPUS: 1}}",
        )
        self.assert_bad_host(
            "traits[1]: there is no trait 'FAST'; "
            "write a standard one as HW_CPU_X86_AVX2, or one of your own as CUSTOM_...",
            "{name: h, resources: {VCPU: 1}, traits: [CUSTOM_A, FAST]}",
        )

    def test_devices(self) -> None:
        self.assert_bad_host(
            "devices: 'h/gpu0' stands twice; give each its own name",
            "{name: h, resources: {VCPU: 1}, devices: ["
            "{name: gpu, count: 1, resources: {VCPU: 1}}, {name: gpu0, resources: {VCPU: 1}}]}",
        )
        self.assert_bad_host(
            "devices[0].count: 0 is out of bounds; write 1 to 2147483647",
            "{name: h, resources: {VCPU: 1}, devices: "
            "[{name: gpu, count: 0, resources: {VCPU: 1}}]}",
        )

    def test_requests(self) -> None:
        for request, problem in (
            ("{resources: {VCPU: 0}}",
             "resources.VCPU: the amount is 0; ask for 1 or more, or leave it out"),
            ("{resources: {VCPU: 1.5}}",
             "resources.VCPU: 1.5 is not a whole number; write one without quotes or a fraction"),
            ("{}", "resources: the request asks for nothing; name at least one resource class"),
            ("{resources: {VCPU: 1}, count: 0}",
             "count: 0 instances were asked for; ask for 1 or more"),
            ("{resources: {VCPUS: 1}}",
             "resources.VCPUS: there is no such resource class; "
             "write a standard one as VCPU, or one of your own as CUSTOM_..."),
            ("{resources: {VCPU: 1}, required_traits: [FAST]}",
             "traits: there is no trait 'FAST'; "
             "write a standard one as HW_CPU_X86_AVX2, or one of your own as CUSTOM_..."),
            ("{resources: {VCPU: 1}, cuont: 2}",
             "cuont: there is no such field; did you mean count?"),
            ("{groups: [{suffix: _1, resources: {VCPU: 1}}, {suffix: _2, resources: {VCPU: 1}}]}",
             "group_policy: there are 2 groups and no policy, which is enough for one only; "
             "say 'none' (they may share a provider) or 'isolate' (they may not)"),
        ):  # fmt: skip
            self.assert_bad(f"r.yaml: requests[0].{problem}", requests=f"requests: [{request}]")

    def test_requests_with_one_id(self) -> None:
        one = "{request_id: 00000000-0000-4000-8000-000000000000, resources: {VCPU: 1}}"
        self.assert_bad(
            "r.yaml: requests[1].request_id: requests[0] has the same; "
            "give each its own, or leave it out",
            requests=f"requests: [{one}, {one}]",
        )

    def test_no_requests(self) -> None:
        self.assert_bad(
            "r.yaml: requests: it is missing; write a list of build requests", requests="{}"
        )
        self.assert_bad("r.yaml: it lists no requests; list at least one", requests="requests: []")
