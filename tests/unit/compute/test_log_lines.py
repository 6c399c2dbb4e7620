"""An agent's work on a build is logged under the build request and the instance."""

from __future__ import annotations

from oslo_context import context

from tests.fakes.log_lines import LogLines
from tests.unit.compute.scene import OTHER_VM, VM, AgentTestCase, Scene
from understudy.compute.fault_plan import FaultPlan
from understudy.rpcapi.context import RequestContext

REQUEST = VM
"""The scene's builds are all of one request."""


class LogLinesTest(AgentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.lines = self.useFixture(LogLines("understudy.compute"))

    def test_a_build_that_fails_and_is_told_late(self) -> None:
        scene = Scene(FaultPlan(rate=1.0, destroy_failures=4))
        for vm in (VM, OTHER_VM):
            scene.cast_build(vm=vm)
        scene.during_build.append(lambda: setattr(scene.conductor, "unavailable", 2))
        scene.pools.run_to_the_end()
        for vm in (VM, OTHER_VM):
            self.assertEqual({(REQUEST, vm)}, self.lines.heads(about=vm))

    def test_after_a_restart_too_while_there_is_something_to_build(self) -> None:
        scene = Scene(FaultPlan(rate=1.0), journal=self.folder() / "journal")
        scene.cast_build()
        scene.restart()
        scene.pools.run_to_the_end()
        self.assertEqual({(REQUEST, VM)}, self.lines.heads(about="failed"))

    def test_a_teardown_that_was_asked_for(self) -> None:
        scene = Scene(FaultPlan(destroy_failures=1))
        scene.cast_build()
        scene.pools.run_to_the_end()
        scene.agent.tear_down("host-a", VM, 2, context=RequestContext(request_id="asked"))
        scene.pools.run_to_the_end()
        self.assertEqual({("asked", VM)}, self.lines.heads(about="will be tried again"))

    def test_afterwards_the_thread_logs_under_nothing(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.pools.run_to_the_end()
        self.assertIsNone(context.get_current())
