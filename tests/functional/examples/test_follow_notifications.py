"""The example that follows notifications tells each event once, whatever comes twice."""

from __future__ import annotations

import contextlib
import io
import re
import threading

from examples import follow_notifications, submit_builds
from tests.functional.examples.case import ExampleTestCase
from tests.functional.support.waiting import wait_for
from tests.unit.objects import samples
from understudy.rpcapi import embedded
from understudy.rpcapi.bus import EMBEDDED
from understudy.rpcapi.notifier import TOPIC, open_transport

EVENT = r"^example ([0-9a-f-]{36}) (instance\.\S+) attempt (\d)"


class FollowNotificationsTest(ExampleTestCase):
    def test_it_tells_what_becomes_of_a_build(self) -> None:
        self.start("host-1", "host-2", announces=True)
        transport = open_transport(EMBEDDED)
        self.addCleanup(embedded.forget, TOPIC)
        self.addCleanup(transport.cleanup)
        printed = io.StringIO()
        codes: list[int] = []

        def follow() -> None:
            arguments = ["--until", "1", "--seconds", "60"]
            codes.append(follow_notifications.main(arguments, transport))

        # For the whole process, so that nothing else may be printed into.
        with contextlib.redirect_stdout(printed):
            thread = threading.Thread(target=follow)
            thread.start()
            wait_for(lambda: "following" in printed.getvalue(), "it listens")
            submit_builds.main(["--resource", "VCPU=4", "--max-attempts", "3"], self.bus)
            thread.join(60)
        self.assertEqual([0], codes, printed.getvalue())
        told = re.findall(EVENT, printed.getvalue(), re.MULTILINE)
        self.assertEqual(1, len({instance for instance, _, _ in told}))
        self.assertEqual(("instance.active", told[-1][2]), told[-1][1:])
        self.assertIn(("instance.selected", told[-1][2]), [each[1:] for each in told])

    def test_a_repeat_is_passed_by(self) -> None:
        printed = io.StringIO()
        follower = follow_notifications.Follower(until=1)
        event = samples.everything()["InstanceNotification"]
        with contextlib.redirect_stdout(printed):
            for _ in range(2):
                follower.info({}, "someone", event.event_type, event.obj_to_wire(), {})
        self.assertEqual(1, len(printed.getvalue().splitlines()))
