"""One build is one trace, through every process that has a hand in it."""

from __future__ import annotations

import contextlib
import uuid

import fixtures
import testtools
from oslo_config import cfg

from tests.functional.support.waiting import wait_for
from understudy.cli.embedded import EmbeddedCloud
from understudy.compute.fake_hosts import fake_host
from understudy.compute.fault_plan import FaultPlan, host_broken
from understudy.compute.tags import Tag
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.rpcapi import options

try:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
except ImportError:
    trace = None  # type: ignore[assignment]

EXPECTED = {
    "build receive",
    "select_destinations receive",
    "build_started receive",
    "build_failed receive",
    "build_succeeded receive",
    "understudy.api.super-conductor.build",
    "understudy.api.scheduler.select_destinations",
    "understudy.one.compute.build",
    "understudy.one.conductor.build_started",
}


class FirstAttemptFails(FaultPlan):
    """Whatever host it is on."""

    def fault_of(self, tag: Tag, image: str | None) -> Fault | None:
        return host_broken() if tag.attempt == 1 else None


@testtools.skipIf(trace is None, "OpenTelemetry is not installed")
class TracesTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        # There is one for the process, and it can be set once.
        trace.set_tracer_provider(provider)
        private = options.private

        def traced(**rabbit: object) -> cfg.ConfigOpts:
            conf = private(**rabbit)
            conf.set_override("tracing_enabled", True, group="oslo_messaging_tracing")
            return conf

        self.useFixture(fixtures.MonkeyPatch("understudy.rpcapi.options.private", traced))

    def test_a_build_that_is_retried(self) -> None:
        hosts = {"one": [fake_host(name, "one-agent", {"VCPU": 4}) for name in "ab"]}
        cloud = EmbeddedCloud(cells=hosts, plan=FirstAttemptFails())
        self.addCleanup(cloud.close)
        request_id = str(uuid.uuid4())
        wanted = BuildRequest(
            request_id=request_id,
            project_id="a-project",
            user_id="a-user",
            resources={"VCPU": 1},
        )
        cloud.client.build(cloud.context(), wanted)

        def seen() -> set[str]:
            mine = uuid.UUID(request_id).int
            return {
                span.name
                for span in self.exporter.get_finished_spans()
                if span.context is not None and span.context.trace_id == mine
            }

        cloud.client.wait(cloud.context(), request_id, 30.0)
        # The last one ends after its answer, which is what was waited for.
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: seen() >= EXPECTED, "all spans have ended", seconds=5.0)
        self.assertEqual(set(), EXPECTED - seen(), sorted(seen()).__repr__())
