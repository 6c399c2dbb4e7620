"""The example that submits builds does what its page says."""

from __future__ import annotations

from examples import submit_builds
from tests.functional.examples.case import ExampleTestCase
from tests.unit.objects import samples

REQUEST = samples.uuid(1)


class SubmitBuildsTest(ExampleTestCase):
    def submit(self, *more: str) -> tuple[int, str]:
        return self.run_example(
            submit_builds.main, "--request-id", REQUEST, "--resource", "VCPU=4", *more
        )

    def test_it_prints_the_timeline_of_each_instance(self) -> None:
        self.start("host-1", "host-2")
        code, printed = self.submit("--max-attempts", "3")
        self.assertEqual(0, code, printed)
        self.assert_printed(rf"^request {REQUEST}$", printed)
        self.assert_printed("^example [0-9a-f-]+ is ACTIVE$", printed)
        self.assert_printed(r"attempt \d on host-3 in cell1 SUCCEEDED$", printed)

    def test_submitting_twice_builds_once(self) -> None:
        self.start()
        self.submit("--count", "2")
        self.assertEqual(0, self.submit("--count", "2")[0])
        page = self.cloud.client.list_instances(self.cloud.context(), {}, [], [], 10, None)
        self.assertEqual(2, len(page.instances))

    def test_a_build_that_fails_everywhere_is_told_and_fails(self) -> None:
        self.start("host-1", "host-2", "host-3")
        code, printed = self.submit("--max-attempts", "2")
        self.assertEqual(1, code, printed)
        self.assert_printed("attempt 2 on host-. in cell1 FAILED: no boot device$", printed)

    def test_a_wrong_request_is_told_in_one_line(self) -> None:
        self.start()
        code, printed = self.submit("--resource", "CUSTOM_WHEELS=4")
        self.assertEqual(1, code)
        self.assert_printed("^InvalidRequest: resources.CUSTOM_WHEELS: ", printed)

    def test_it_may_be_pinned_to_the_first_release(self) -> None:
        self.start(release="0.1")
        self.assertEqual(0, self.submit()[0])
