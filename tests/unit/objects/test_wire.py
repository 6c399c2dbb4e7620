"""What arrives says the same as what was sent."""

from __future__ import annotations

import json
import unittest

from oslo_versionedobjects import exception

from tests.unit.objects import samples
from understudy.objects import base
from understudy.objects.fault import Fault

CHANGES = "understudy_object.changes"


class TestRoundTrip(unittest.TestCase):
    def test_every_object_survives_json(self) -> None:
        for name, thing in samples.everything().items():
            with self.subTest(name):
                arrived = type(thing).obj_from_primitive(
                    json.loads(json.dumps(thing.obj_to_wire()))
                )
                self.assertEqual(thing, arrived)
                self.assertEqual(set(), arrived.obj_what_changed())

    def test_every_object_survives_with_its_defaults_only(self) -> None:
        sent = samples.request()
        arrived = type(sent).obj_from_primitive(json.loads(json.dumps(sent.obj_to_wire())))
        self.assertEqual(sent, arrived)
        self.assertEqual((1, [], None), (arrived.count, arrived.groups, arrived.affinity))

    def test_defaults_are_not_shared(self) -> None:
        samples.request().only_hosts.append("host-1")
        self.assertEqual([], samples.request().only_hosts)

    def test_names_what_it_is(self) -> None:
        wire = samples.group().obj_to_wire()
        self.assertEqual("ResourceGroup", wire["understudy_object.name"])
        self.assertEqual("understudy", wire["understudy_object.namespace"])


class TestEquality(unittest.TestCase):
    def test_what_changed_does_not_count(self) -> None:
        one, other = samples.request(), samples.request()
        one.obj_reset_changes()
        self.assertEqual(one, other)

    def test_one_value_counts(self) -> None:
        self.assertNotEqual(samples.request(), samples.request(count=2))

    def test_a_value_deep_inside_counts(self) -> None:
        one = samples.request(groups=[samples.group("_A")])
        self.assertEqual(one, samples.request(groups=[samples.group("_A")]))
        self.assertNotEqual(one, samples.request(groups=[samples.group("_B")]))

    def test_an_unset_field_is_no_value(self) -> None:
        self.assertNotEqual(Fault(code="a"), Fault(code="a", blames="host"))

    def test_another_class_and_a_plain_value_differ(self) -> None:
        self.assertNotEqual(samples.request(), samples.group())
        self.assertNotEqual(samples.request(), "a request")

    def test_has_no_hash_for_it_can_change(self) -> None:
        with self.assertRaises(TypeError):
            hash(samples.request())

    def test_a_clone_is_equal_and_apart(self) -> None:
        one = samples.everything()["BuildRequest"]
        clone = one.obj_clone()
        self.assertEqual(one, clone)
        clone.groups[0].resources["VGPU"] = 9
        self.assertNotEqual(one, clone)


class TestSerializer(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.serializer = base.Serializer()

    def test_changes_stay_at_home_at_every_depth(self) -> None:
        sent = samples.everything()["InstancePage"]
        self.assertTrue(sent.obj_what_changed())
        self.assertNotIn(CHANGES, json.dumps(self.serializer.serialize_entity(None, sent)))
        self.assertEqual(set(), sent.obj_what_changed())

    def test_nested_objects_lists_and_maps_come_back(self) -> None:
        sent = {
            "page": samples.everything()["InstancePage"],
            "many": [samples.selection(1), samples.selection(2)],
            "plain": [1, "two", None, {"three": 3.5}],
        }
        wire = json.loads(json.dumps(self.serializer.serialize_entity(None, sent)))
        self.assertEqual(sent, self.serializer.deserialize_entity(None, wire))

    def test_a_newer_major_is_refused(self) -> None:
        wire = samples.group().obj_to_wire()
        wire["understudy_object.version"] = "2.0"
        with self.assertRaises(exception.IncompatibleObjectVersion):
            self.serializer.deserialize_entity(None, wire)

    def test_a_newer_minor_is_refused_rather_than_cut(self) -> None:
        wire = samples.group().obj_to_wire()
        wire["understudy_object.version"] = "1.99"
        with self.assertRaises(exception.IncompatibleObjectVersion):
            self.serializer.deserialize_entity(None, wire)

    def test_an_object_of_another_project_is_refused(self) -> None:
        wire = samples.group().obj_to_wire()
        wire["understudy_object.namespace"] = "nova"
        with self.assertRaises(exception.UnsupportedObjectError):
            self.serializer.deserialize_entity(None, wire)


class TestAmounts(unittest.TestCase):
    def test_only_whole_numbers_are_taken(self) -> None:
        for wrong in (1.5, 2.0, "2", True, [1]):
            with self.subTest(wrong), self.assertRaisesRegex(ValueError, "whole number"):
                samples.request(resources={"VCPU": wrong})
            with self.subTest(wrong), self.assertRaisesRegex(ValueError, "count must be a whole"):
                samples.request(count=wrong)

    def test_limits_lose_nothing_either(self) -> None:
        with self.assertRaisesRegex(ValueError, "whole number"):
            samples.selection(limits={"numa": 1.5})

    def test_an_amount_set_later_is_checked_as_well(self) -> None:
        request = samples.request()
        with self.assertRaisesRegex(ValueError, "whole number"):
            request.resources["VCPU"] = 0.5  # type: ignore[assignment]

    def test_big_amounts_are_exact(self) -> None:
        self.assertEqual(2**53 + 1, samples.request(resources={"B": 2**53 + 1}).resources["B"])

    def test_none_means_the_operators_option_where_it_may(self) -> None:
        self.assertIsNone(samples.request(max_attempts=None).max_attempts)
        self.assertEqual(1, samples.request(count=None).count)
        with self.assertRaises(ValueError):
            samples.request(project_id=None)


class TestSmallAnswers(unittest.TestCase):
    def test_a_fault_says_whether_every_host_would_fail(self) -> None:
        self.assertTrue(Fault(code="a", blames="request").blames_request)
        self.assertFalse(Fault(code="a", blames="host").blames_request)
        self.assertFalse(Fault(code="a", blames="network").blames_request)

    def test_a_result_has_ended_when_every_instance_has(self) -> None:
        result = samples.everything()["BuildResult"]
        self.assertFalse(result.ended)
        for ending in ("ACTIVE", "ERROR", "DELETED"):
            result.instances[0].state = ending
            self.assertTrue(result.ended)

    def test_a_selection_parses_its_allocations(self) -> None:
        self.assertEqual({samples.uuid(1): {"VCPU": 2}}, samples.selection(1).allocations)
