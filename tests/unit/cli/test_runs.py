import io
import json
from collections.abc import Callable
from typing import Any

import testtools
from rich.console import Console

from tests.fakes.cloud import FakeClient, FakeCloud, FakeClouds
from tests.unit.cli.app_case import AppTestCase
from understudy.cli import demo, figures, progress, reasons, replay
from understudy.cli.board import Board
from understudy.cli.flight import Flight
from understudy.compute.fault_plan import host_broken
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import InvalidRequest
from understudy.objects.fault import Fault
from understudy.rpcapi import errors

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn-1,32000,1024,2,T4\nn-2,32000,1024,0,\n"
PODS = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"


def no_pause(seconds: float) -> None:
    pass


def short_of(name: str, others: int = 3) -> str:
    """Return the scheduler's words where nobody has room for `name`."""
    room = "the ledger (providers with room for {})"
    found = {room.format("MEMORY_MB"): others, room.format(name): 0}
    return str(errors.NoValidHost(1, 0, found, "", f"ask for less {name}"))


def fault(code: str, message: str = "") -> Fault:
    return Fault(code=code, blames="request", message=message)


class DemoTest(AppTestCase):
    def story(self, request: BuildRequest, index: int) -> Any:
        if request.name == "build-001":
            return [("host-03", host_broken("no link")), ("host-04", None)]
        if request.name == "build-002":
            return [("host-03", host_broken())] * 4
        return [("host-05", None)]

    def test_counts_what_clients_can_see(self) -> None:
        self.cloud.client.story = self.story
        self.assertEqual(0, self.understudy("demo", "--builds", "30", "--json"))
        said = json.loads(self.out.splitlines()[-1])
        first, second = list(self.cloud.client.requests.values())[:2]
        self.assertEqual(30, said["builds"])
        self.assertEqual(second.count, said["error"])
        self.assertEqual(30 - second.count, said["active"])
        self.assertEqual(first.count + second.count, said["retried"])
        self.assertEqual(first.count + 3 * second.count, said["alternates_used"])
        self.assertEqual(30 + said["alternates_used"], said["attempts"])
        self.assertEqual((0, 0), (said["claims_leaked"], said["double_claims"]))
        self.assertGreater(said["seconds"], 0)
        self.assertTrue(self.cloud.closed)

    def test_pages_through_many(self) -> None:
        cloud = FakeCloud()
        request = demo.make_requests(demo.Settings(builds=3), "p", "u")[0]
        request.count = figures.PAGE + 1
        cloud.client.build(cloud.context(), request)
        self.assertEqual(figures.PAGE + 1, len(list(figures.instances(cloud))))

    def test_makes_the_cloud_that_was_asked_for(self) -> None:
        state_dir = str(self.folder / "state")
        self.understudy(
            "demo", "--hosts", "30", "--cells", "3", "--builds", "5", "--fail-hosts", "0.2",
            "--alternates", "1", "--state-dir", state_dir,
        )  # fmt: skip
        cells, plan, where = self.clouds.created
        self.assertEqual(["cell1", "cell2", "cell3"], list(cells))
        self.assertEqual([10, 10, 10], [len(hosts) for hosts in cells.values()])
        self.assertEqual(6, len(plan.hosts))
        self.assertEqual(state_dir, str(where))
        for request in self.cloud.client.requests.values():
            self.assertEqual((2, 0), (request.max_attempts, request.spare_alternates))

    def test_ends_with_a_table_and_a_story(self) -> None:
        self.cloud.client.story = self.story
        self.assertEqual(0, self.understudy("demo", "--builds", "8"))
        self.assertRegex(self.out, r"builds +8 *\n")
        self.assertIn("came to life on host-04:", self.out)
        self.assertIn("host-broken (blames the host): no link", self.out)
        self.assertIn("All builds ended, and every claim is accounted for.", self.out)
        self.assertIn("8 of 8 ended, ACTIVE", self.out)

    def test_fails_if_the_audit_finds_something(self) -> None:
        self.cloud.leaked, self.cloud.doubled = ["vm-1 on host-1"], ["vm-2"]
        self.assertEqual(1, self.understudy("demo", "--builds", "2", "--json"))
        said = json.loads(self.out.splitlines()[-1])
        self.assertEqual((1, 1), (said["claims_leaked"], said["double_claims"]))
        self.assertEqual(1, self.understudy("demo", "--builds", "2"))
        self.assertIn("audit: vm-1 on host-1", self.out)

    def test_the_same_seed_asks_for_the_same(self) -> None:
        def asked(seed: int) -> list[BuildRequest]:
            return demo.make_requests(demo.Settings(seed=seed), "p", "u")

        self.assertEqual(asked(1), asked(1))
        self.assertNotEqual(asked(1), asked(2))
        self.assertEqual(200, sum(request.count for request in asked(3)))
        self.assertTrue(all(1 <= request.count <= 5 for request in asked(3)))

    def test_fails_if_a_build_never_ends(self) -> None:
        cloud = FakeCloud()
        cloud.client.end = lambda request_id: None  # type: ignore[method-assign]
        now = [0.0]

        def pause(seconds: float) -> None:
            now[0] += seconds

        requests = demo.make_requests(demo.Settings(builds=4), "p", "u")
        flight = Flight(
            cloud, Board(4), lambda board: None, pause=pause, clock=lambda: now[0], patience=60
        )
        self.assertFalse(any(landing.ended for landing in flight.fly(requests)))
        self.assertFalse(figures.count(cloud, 4, 1.0).sound)


class ReplayTest(AppTestCase):
    def play(self, pods: str, *options: str) -> Any:
        nodes, requests = self.file("nodes.csv", NODES), self.file("pods.csv", PODS + pods)
        argv = ["replay", "--nodes", nodes, "--requests", requests, "--json", *options]
        self.assertEqual(0, self.understudy(*argv), self.err)
        return json.loads(self.out.splitlines()[-1])

    def test_counts_placed_retried_and_refused_with_reasons(self) -> None:
        stories: dict[str, Any] = {
            "rescued": [("n-1", host_broken()), ("n-2", None)],
            "big": [("", fault("no-valid-host", short_of("VCPU")))],
            "many": [("", fault("too-many-equal-groups"))],
            "unlucky": [("n-1", host_broken())] * 2 + [("n-1", fault("attempts-exhausted"))],
        }
        self.cloud.client.story = lambda request, index: stories.get(request.name, [("n-1", None)])
        names = ["fine", "rescued", "big", "many", "unlucky", "fine"]
        said = self.play("".join(f"{name},1000,1,0,0,\n" for name in names))
        seconds = said.pop("seconds")
        self.assertGreater(seconds, 0)
        self.assertEqual(
            {
                "requests": 6,
                "placed": 3,
                "refused": 3,
                "retried": 1,
                "claims_leaked": 0,
                "double_claims": 0,
                "reasons": {
                    "not enough VCPU": 1,
                    "6 or more groups that share a class": 1,
                    "attempts exhausted": 1,
                },
                "unended": 0,
            },
            said,
        )

    def test_keeps_the_order_of_the_file_and_its_limit(self) -> None:
        self.play("".join(f"pod-{n},1000,1,0,0,\n" for n in range(40)), "--limit", "30")
        names = [request.name for request in self.cloud.client.requests.values()]
        self.assertEqual([f"pod-{n}" for n in range(30)], names)

    def test_samples_and_breaks_hosts(self) -> None:
        self.play("a,1000,1,0,0,\n", "--sample-hosts", "1", "--fail-hosts", "1")
        cells, plan, _ = self.clouds.created
        (host,) = [host.name for hosts in cells.values() for host in hosts]
        self.assertEqual({host}, set(plan.hosts))

    def test_counts_a_model_that_no_host_has(self) -> None:
        def refuse(request: BuildRequest) -> Exception | None:
            wanted = [name for group in request.groups for name in group.any_traits[0]]
            if "CUSTOM_GPU_A10" in wanted:
                return InvalidRequest("groups[0].any_traits.CUSTOM_GPU_A10", "unknown", "x")
            return None

        self.cloud.client.refuse_build = refuse
        said = self.play("a,0,1,1,500,A10\nb,0,1,1,500,A10|T4\n")
        self.assertEqual({"no host has CUSTOM_GPU_A10": 1}, said["reasons"])
        self.assertEqual(1, said["placed"])

    def test_ends_with_a_table(self) -> None:
        nodes, requests = self.file("n.csv", NODES), self.file("p.csv", PODS + "a,1,1,0,0,\n")
        self.assertEqual(0, self.understudy("replay", "--nodes", nodes, "--requests", requests))
        self.assertRegex(self.out, r"placed +1 *\n")
        self.assertIn("All requests ended", self.out)

    def test_refuses_a_sample_that_is_too_big(self) -> None:
        self.assert_refused(
            "--sample-hosts: there are 2 hosts, not 3; sample at most 2",
            "replay", "--nodes", self.file("n.csv", NODES),
            "--requests", self.file("p.csv", PODS + "a,1,1,0,0,\n"), "--sample-hosts", "3",
        )  # fmt: skip
        self.assertIsNone(self.clouds.created)


class ReasonTest(testtools.TestCase):
    def test_is_short_and_stable(self) -> None:
        lost = errors.NoValidHost(1, 0, {"filter zone": 2, "no room": 7}, "n-1", "wait")
        for code, message, reason in (
            ("no-valid-host", str(lost), "no room"),
            ("no-valid-host", "found nothing", "no valid host"),
            ("no-valid-host", short_of("CUSTOM_GPU_MILLI"), "not enough CUSTOM_GPU_MILLI"),
            ("no-valid-host", short_of("VCPU", 0), "not enough MEMORY_MB and VCPU"),
            ("no-valid-host", short_of("VCPU").replace(": 0", ": 1"), reasons.NOT_TOGETHER),
            ("ledger-refused", "x", "refused by Placement"),
            ("deadline", "x", "deadline passed"),
            ("alternates-exhausted", "x", "alternates exhausted"),
        ):
            self.assertEqual(reason, reasons.of_fault(fault(code, message)))


class FlightTest(testtools.TestCase):
    def fly(self, client: FakeClient, count: int, **rules: Any) -> tuple[Board, Any]:
        requests = demo.make_requests(demo.Settings(builds=count), "p", "u")
        board = Board(count)
        flight = Flight(FakeCloud(client), board, lambda board: None, pause=no_pause, **rules)
        return board, flight.fly(requests)

    def test_keeps_a_bounded_number_in_the_air(self) -> None:
        client = FakeClient()
        most = [0]

        def watch(build: Callable[..., Any]) -> Callable[..., Any]:
            def counted(ctxt: Any, request: BuildRequest) -> Any:
                answer = build(ctxt, request)
                flying = {
                    one.request_id for one in client.instances.values() if one.state == "BUILDING"
                }
                most[0] = max(most[0], len(flying))
                return answer

            return counted

        client.build = watch(client.build)  # type: ignore[method-assign]
        board, _ = self.fly(client, 60, in_air=3)
        self.assertEqual(3, most[0])
        self.assertEqual(60, board.ended)

    def test_sends_again_what_could_not_be_taken(self) -> None:
        refusals: list[Exception | None] = [
            errors.Overloaded("super-conductor", 1.0),
            errors.ServiceUnavailable("super-conductor", "no answer"),
        ]
        client = FakeClient()
        client.refuse_build = lambda request: refusals.pop() if refusals else None
        board, landings = self.fly(client, 10)
        self.assertEqual(10, board.ended)
        self.assertTrue(all(landing.ended for landing in landings))

    def test_notes_who_was_rescued(self) -> None:
        client = FakeClient(lambda request, index: [("a", host_broken("no link")), ("b", None)])
        board, _ = self.fly(client, 1)
        (move,) = board.moves
        self.assertEqual(("a", "b", "no link"), (move.left, move.went_to, move.fault))
        self.assertEqual(1, board.retried)


class ProgressTest(testtools.TestCase):
    def board(self) -> Board:
        cloud = FakeClouds(FakeCloud()).cloud
        cloud.client.story = lambda request, index: [
            ("a", host_broken("no [red]link")),
            ("b", None),
        ]
        board = Board(7)
        requests = demo.make_requests(demo.Settings(builds=7), "p", "u")
        Flight(cloud, board, lambda board: None, pause=no_pause).fly(requests)
        return board

    def test_writes_a_line_without_a_terminal(self) -> None:
        stream = io.StringIO()
        shown = progress.to(stream)
        board = self.board()
        with shown.watching(board):
            shown.update(board)
        self.assertRegex(stream.getvalue(), r"^ +0\.\d s  7 of 7 ended, ACTIVE 7, retried 7\n$")

    def test_draws_on_a_terminal(self) -> None:
        stream = io.StringIO()
        live = progress.LiveProgress(Console(file=stream, force_terminal=True, width=120))
        board = self.board()
        live.say("Starting")
        with live.watching(board):
            live.update(board)
        for text in ("Starting", "7 of 7, 7 retried", "cell1: ACTIVE 7", "a -> b", "no [red]link"):
            self.assertIn(text, stream.getvalue())


class CountTest(testtools.TestCase):
    def test_a_request_is_placed_only_as_a_whole(self) -> None:
        client = FakeClient(
            lambda request, index: [("a", fault("host-broken") if index else None)]
        )
        requests = demo.make_requests(demo.Settings(builds=9), "p", "u")
        board = Board(9)
        landings = Flight(FakeCloud(client), board, lambda board: None, pause=no_pause).fly(
            requests
        )
        counted = replay.count(landings, 0, 0, 1.0)
        self.assertEqual(sum(request.count == 1 for request in requests), counted.placed)
        self.assertEqual(counted.requests, counted.placed + counted.refused)
