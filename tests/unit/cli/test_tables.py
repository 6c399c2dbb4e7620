import contextlib
import csv
import io
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st

from tests.unit.cli.app_case import AppTestCase
from understudy.cli.bad_input import BadInput
from understudy.cli.inputs import files, openb, read
from understudy.objects.build_request import BuildRequest

NODES = "sn,cpu_milli,memory_mib,gpu,model\n"
PODS = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos\n"
GOOD_POD = "a,1000,1,0,0,,LS\n"


class TableCase(AppTestCase):
    def nodes(self, text: str) -> Any:
        return openb.read_nodes(Path(self.file("nodes.csv", text)))

    def pods(self, text: str) -> list[BuildRequest]:
        return openb.read_pods(Path(self.file("pods.csv", text)), "p", "u")


class NodesTest(TableCase):
    def test_a_host_and_its_gpus(self) -> None:
        (host,) = self.nodes(f"\ufeff{NODES}n-1,96500,512,2,V100-M16\n")
        root, gpu0, gpu1 = host.providers
        self.assertEqual({"VCPU": {"total": 97}, "MEMORY_MB": {"total": 512}}, root.inventories)
        self.assertEqual((host.compute_node_uuid, None), (root.uuid, root.parent_uuid))
        for gpu, name in ((gpu0, "n-1/gpu0"), (gpu1, "n-1/gpu1")):
            self.assertEqual((name, root.uuid), (gpu.name, gpu.parent_uuid))
            self.assertEqual({"CUSTOM_GPU_MILLI": {"total": 1000}}, gpu.inventories)
            self.assertEqual(["CUSTOM_GPU_V100_M16"], gpu.traits)

    def test_the_same_name_is_the_same_uuid(self) -> None:
        first, second = self.nodes(f"{NODES}n-1,1,1,1,T4\nn-2,1,1,1,T4\n")
        (again,) = self.nodes(f"{NODES}n-1,9,9,1,A10\n")
        uuids = [provider.uuid for host in (first, second) for provider in host.providers]
        self.assertEqual(4, len(set(uuids)))
        self.assertEqual(uuids[:2], [provider.uuid for provider in again.providers])

    def test_a_sample_follows_from_its_seed(self) -> None:
        hosts = self.nodes(NODES + "".join(f"n-{n},1,1,0,\n" for n in range(50)))
        sample = [host.name for host in read.sample(hosts, 10, seed=1)]
        self.assertEqual(sample, [host.name for host in read.sample(hosts, 10, seed=1)])
        self.assertNotEqual(sample, [host.name for host in read.sample(hosts, 10, seed=2)])
        self.assertEqual(sample, [host.name for host in hosts if host.name in sample])

    def test_hosts_are_dealt_out_to_cells(self) -> None:
        hosts = self.nodes(NODES + "".join(f"n-{n},1,1,0,\n" for n in range(5)))
        cells = read.in_cells(hosts, 2)
        names = {cell: [host.name for host in hosts] for cell, hosts in cells.items()}
        self.assertEqual({"cell1": ["n-0", "n-2", "n-4"], "cell2": ["n-1", "n-3"]}, names)
        self.assertEqual({"cell1-agent"}, {host.agent for host in cells["cell1"]})


class PodsTest(TableCase):
    def test_no_gpu_a_share_and_several(self) -> None:
        none, share, several = self.pods(
            f"{PODS}a,1500,10,0,0,,LS\nb,0,10,1,460,V100|T4,\nc,1,0,2,1000,,BE\n"
        )
        self.assertEqual(({"VCPU": 2, "MEMORY_MB": 10}, []), (none.resources, none.groups))
        self.assertEqual({"MEMORY_MB": 10}, share.resources)
        (group,) = share.groups
        self.assertEqual({"CUSTOM_GPU_MILLI": 460}, group.resources)
        self.assertEqual([["CUSTOM_GPU_V100", "CUSTOM_GPU_T4"]], group.any_traits)
        self.assertIsNone(share.group_policy)
        self.assertEqual({"VCPU": 1}, several.resources)
        self.assertEqual(["_GPU0", "_GPU1"], [group.suffix for group in several.groups])
        self.assertEqual("isolate", several.group_policy)

    @hypothesis.given(
        st.integers(0, 200_000),
        st.integers(0, 2**20),
        st.one_of(
            st.just((0, 0)),
            st.tuples(st.just(1), st.integers(1, 1000)),
            st.tuples(st.integers(2, 8), st.just(1000)),
        ),
        st.lists(st.sampled_from(["T4", "P100", "G2"]), unique=True),
    )
    def test_amounts_against_arithmetic(
        self, cpu: int, memory: int, gpus: tuple[int, int], models: list[str]
    ) -> None:
        count, milli = gpus
        row = f"{PODS}a,{cpu},{memory},{count},{milli},{'|'.join(models)},\n"
        if not (cpu or memory or count):
            self.assertRaises(BadInput, self.pods, row)
            return
        (request,) = self.pods(row)
        vcpu = request.resources.get("VCPU", 0)
        self.assertTrue(vcpu * 1000 - 1000 < cpu <= vcpu * 1000)
        self.assertEqual(memory, request.resources.get("MEMORY_MB", 0))
        taken = sum(group.resources["CUSTOM_GPU_MILLI"] for group in request.groups)
        self.assertEqual((count, count * milli), (len(request.groups), taken))
        wanted = {
            trait for group in request.groups for any_of in group.any_traits for trait in any_of
        }
        self.assertEqual({f"CUSTOM_GPU_{model}" for model in models} if count else set(), wanted)

    @hypothesis.given(st.lists(st.lists(st.text(max_size=8), max_size=8), max_size=4))
    def test_whatever_is_written_ends_in_requests_or_one_line(self, rows: list[list[str]]) -> None:
        out = io.StringIO()
        with contextlib.suppress(csv.Error):
            csv.writer(out).writerows(rows)
        text = out.getvalue().encode("utf-8", "replace").decode()
        try:
            self.pods(PODS + text)
        except BadInput as bad:
            self.assertEqual(1, len(str(bad).splitlines()))


class BadTableTest(TableCase):
    """Every mistake in a table is one line that names the row and the column."""

    def assert_bad(
        self, line: str, nodes: str = "n-1,1,1,0,\n", pods: str = PODS + GOOD_POD
    ) -> None:
        nodes_file = self.file("n.csv", nodes if nodes.startswith("sn") else NODES + nodes)
        pods_file = self.file("p.csv", pods)
        self.assert_refused(
            line.replace("n.csv", nodes_file).replace("p.csv", pods_file),
            "replay", "--nodes", nodes_file, "--requests", pods_file,
        )  # fmt: skip
        self.assertIsNone(self.clouds.created)

    def test_a_column_that_is_misspelt_or_missing(self) -> None:
        self.assert_bad(
            "n.csv:1: column cpu_milli: it is missing; did you mean it by 'cpu_mili'?",
            nodes="sn,cpu_mili,memory_mib,gpu,model\n",
        )
        self.assert_bad(
            "p.csv:1: column gpu_spec: it is missing; the first line must name "
            "name, cpu_milli, memory_mib, num_gpu, gpu_milli, gpu_spec",
            pods="name,cpu_milli,memory_mib,num_gpu,gpu_milli\n",
        )
        self.assert_bad(
            "n.csv:1: column sn: it stands twice; leave one out",
            nodes="sn,sn,cpu_milli,memory_mib,gpu,model\n",
        )

    def test_amounts_of_nodes(self) -> None:
        self.assert_bad(
            "n.csv:3: column cpu_milli: '1.5' is not a whole number; write digits only",
            nodes="n-1,1,1,0,\nn-2,1.5,1,0,\n",
        )
        self.assert_bad(
            "n.csv:2: column memory_mib: 0 is too low; write 1 or more", nodes="n-1,1,0,0,\n"
        )
        self.assert_bad("n.csv:2: column gpu: -1 is too low; write 0 or more", "n-1,1,1,-1,\n")
        self.assert_bad(
            f"n.csv:2: column memory_mib: {'9' * 39}... (5000 characters) is too high; "
            "write at most 2147483647",
            nodes=f"n-1,1,{'9' * 5000},0,\n",
        )

    def test_names_and_models(self) -> None:
        self.assert_bad(
            "n.csv:3: column sn: 'n-1' stands on line 2 too; name each node once",
            nodes="n-1,1,1,0,\nn-1,1,1,0,\n",
        )
        self.assert_bad("n.csv:2: column model: the cell is empty; fill it in", "n-1,1,1,2,\n")

    def test_names_that_no_host_can_have(self) -> None:
        self.assert_bad(
            r"n.csv:2: column sn: 'n\x1b[2J' cannot be a host's name; "
            "write up to 150 letters, digits, '.', '_' or '-', the first a letter or a digit",
            nodes="n\x1b[2J,1,1,0,\n",
        )

    def test_a_file_that_is_too_large(self) -> None:
        path = self.file("n.csv", "x" * 101)
        with self.assertRaises(BadInput) as caught:
            files.read_text(Path(path), largest=100)
        self.assertEqual(
            f"{path}: it has more than 100 bytes; write less, or several files",
            str(caught.exception),
        )

    def test_rows_of_the_wrong_length(self) -> None:
        self.assert_bad(
            "n.csv:2: the row has 2 cells and the header 5 columns; "
            "give each column one cell, be it empty",
            nodes="n-1,1\n",
        )

    def test_gpus_of_requests(self) -> None:
        for row, problem in (
            ("a,1,1,0,500,,", "gpu_milli: 500 is too high; write at most 0"),
            ("a,1,1,1,0,,", "gpu_milli: 0 is too low; write 1 or more"),
            ("a,1,1,1,1001,,", "gpu_milli: 1001 is too high; write at most 1000"),
            ("a,1,1,2,500,,", "gpu_milli: 500 is too low; write 1000 or more"),
            ("a,1,1,1,500,T4||G2,",
             "gpu_spec: 'T4||G2' has an empty part; write models as in V100|T4"),
            ("a,0,0,0,0,,",
             "cpu_milli: the row asks for nothing; ask for CPU, memory or a GPU"),
            ("a,x,0,0,0,,", "cpu_milli: 'x' is not a whole number; write digits only"),
            (",1,1,0,0,,", "name: the cell is empty; fill it in"),
        ):  # fmt: skip
            self.assert_bad(f"p.csv:3: column {problem}", pods=f"{PODS}{GOOD_POD}{row}\n")

    def test_what_a_request_may_not_be(self) -> None:
        self.assert_bad(
            "p.csv:2: name: 256 characters are too long; write at most 255",
            pods=f"{PODS}{'a' * 256},1,1,0,0,,\n",
        )

    def test_empty_files(self) -> None:
        self.assert_bad("n.csv: it lists no hosts; list at least one", nodes="")
        self.assert_bad("p.csv: it lists no requests; list at least one", pods=PODS)

    def test_files_that_cannot_be_read(self) -> None:
        good = self.file("good.csv", NODES + "n-1,1,1,0,\n")
        folder = self.folder / "folder.csv"
        folder.mkdir()
        latin = self.folder / "latin.csv"
        latin.write_bytes(b"sn\xff")
        for path, problem in (
            ("nowhere.csv", "there is no such file; check the name"),
            (str(folder), "cannot read it: Is a directory; give a file"),
            (str(latin), "byte 2 is not UTF-8; save it as UTF-8 text"),
            ("list.txt", "its name does not say what it holds; "
                         "name it .csv or .yaml, .yml, .json"),
        ):  # fmt: skip
            self.assert_refused(
                f"{path}: {problem}", "replay", "--nodes", good, "--requests", path
            )
