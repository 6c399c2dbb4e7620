"""What is asked for is built, or refused before anything is taken."""

from __future__ import annotations

import threading

from tests.functional.cloud.case import CloudTestCase, new_uuid, request
from understudy.conductor import faults
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import InvalidRequest
from understudy.rpcapi import errors


class Building(CloudTestCase):
    def test_many_instances_over_two_cells(self) -> None:
        self.open({"one": {"a": 2, "b": 2}, "two": {"c": 2, "d": 2}})
        instances = self.build_and_wait(count=8)
        self.assert_ended_as(states.ACTIVE, instances)
        self.assertEqual({"one", "two"}, {each.cell_name for each in instances})
        hosts = sorted(each.service_host or "" for each in instances)
        self.assertEqual(["a", "a", "b", "b", "c", "c", "d", "d"], hosts)
        self.assertEqual({1}, {each.attempt for each in instances})

    def test_all_of_a_request_or_none(self) -> None:
        self.open({"one": {"a": 2, "b": 1}})
        instances = self.build_and_wait(count=4)
        self.assert_ended_as(states.ERROR, instances)
        self.assert_ended_as(states.ACTIVE, self.build_and_wait(count=3))

    def test_no_host_is_big_enough(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 4}})
        (instance,) = self.build_and_wait(5)
        self.assert_ended_as(states.ERROR, [instance])
        assert instance.fault is not None
        self.assertEqual(faults.NO_VALID_HOST, instance.fault.code)
        self.assertIn("found 0 of 1", instance.fault.message)
        self.assertEqual([], instance.attempts)

    def test_the_same_request_again_takes_nothing_more(self) -> None:
        self.open({"one": {"a": 3, "b": 3}})
        asked = request(count=2)
        self.cloud.builds.hold()
        first = self.cloud.client.build(self.cloud.context, asked)
        self.assertEqual(first, self.cloud.client.build(self.cloud.context, asked))
        self.begun(first)
        self.assertEqual(first, self.cloud.client.build(self.cloud.context, asked))
        self.cloud.builds.let_go()
        self.assert_ended_as(states.ACTIVE, self.ended(first))
        self.assertEqual(first, self.cloud.client.build(self.cloud.context, asked))
        self.assertEqual(2, len(self.listed()))
        self.assertEqual(2, len(self.cloud.builds.begun()))

    def test_another_body_under_the_same_id(self) -> None:
        self.open({"one": {"a": 3}})
        asked = request()
        first = self.cloud.client.build(self.cloud.context, asked)
        other = request(2, request_id=asked.request_id)
        refused = self.assertRaises(
            errors.RequestIdTaken, self.cloud.client.build, self.cloud.context, other
        )
        self.assertIn(asked.request_id, str(refused))
        self.assert_ended_as(states.ACTIVE, self.ended(first))
        self.assertEqual(1, len(self.listed()))

    def test_many_clients_ask_the_same_at_once(self) -> None:
        self.open({"one": {"a": 3, "b": 3}})
        asked = request(count=2)
        answers: list[list[str]] = []

        def ask() -> None:
            accepted = self.cloud.client.build(self.cloud.context, asked)
            answers.append(accepted.instance_uuids)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([answers[0]] * 6, answers)
        first = self.cloud.client.build(self.cloud.context, asked)
        self.assert_ended_as(states.ACTIVE, self.ended(first))
        self.assertEqual(2, len(self.listed()))


class Refusing(CloudTestCase):
    def test_bad_input_is_typed_and_takes_nothing(self) -> None:
        self.open({"one": {"a": 3}})
        self.check_refused("count", request(count=0))
        self.check_refused(
            "resources.CUSTOM_NOT_KNOWN", request(resources={"CUSTOM_NOT_KNOWN": 1})
        )
        self.check_refused("required_traits.CUSTOM_NO", request(required_traits=["CUSTOM_NO"]))
        self.check_refused("resources.VCPU", request(resources={"VCPU": -1}))
        self.check_refused("max_attempts", request(max_attempts=33))
        self.check_refused("consumer_type", request(consumer_type="OTHERS"))
        self.check_refused("name", request(name="\n"))
        self.assertEqual([], self.listed())
        self.assertEqual(0, self.cloud.messages.sent("scheduler.select_destinations"))

    def test_what_is_not_there_is_named(self) -> None:
        self.open({"one": {"a": 3}})
        client, context = self.cloud.client, self.cloud.context
        self.assertRaises(errors.RequestNotFound, client.result, context, new_uuid())
        self.assertRaises(errors.RequestNotFound, client.cancel, context, new_uuid())
        self.assertRaises(errors.InstanceNotFound, client.show, context, new_uuid())
        self.assertRaises(errors.InstanceNotFound, client.delete, context, new_uuid())
        self.assertRaises(errors.CellNotFound, client.list_hosts, context, "three")
        self.assertRaises(errors.HostNotFound, client.set_host, context, "z", "disabled", None)
        query = ({"colour": "red"}, ["created_at"], ["asc"], 10, None)
        self.assertRaises(errors.BadQuery, client.list_instances, context, *query)

    def check_refused(self, field: str, bad: BuildRequest) -> None:
        client, context = self.cloud.client, self.cloud.context
        refused = self.assertRaises(InvalidRequest, client.build, context, bad)
        self.assertEqual(field, refused.field)
        self.assertRaises(errors.RequestNotFound, client.result, context, bad.request_id)
