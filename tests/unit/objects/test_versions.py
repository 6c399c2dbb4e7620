"""What travels may change only together with its version."""

from __future__ import annotations

import unittest
from typing import Any

import testtools
from oslo_versionedobjects import base as ovo_base
from oslo_versionedobjects import fields, fixture

from tests.unit.objects import samples
from understudy.objects import base
from understudy.objects import fields as our_fields
from understudy.objects.build_request import BuildRequest, ResourceGroup

FINGERPRINTS = {
    "Affinity": "1.0-9796695167a516bd01f7907fe1ec3489",
    "Attempt": "1.0-2cdd7d10a6508c665b18cc98ea616634",
    "BuildAccepted": "1.0-05d1b6a5af9f5af77d242389fdbe5f0d",
    "BuildRequest": "1.0-22e2bdda462306d5f63236dbc1b295c5",
    "BuildResult": "1.0-878ec1ce061ce172c1ba03f724c90d84",
    "Cell": "1.0-07359516e96cbccb228a36c777d243c5",
    "Fault": "1.0-0d5918c8e3fbfd7f26e5d76c5b69887a",
    "Host": "1.1-b82725ca559ed73657fd94a3b196e62c",
    "HostPage": "1.1-075df5040d98238a4db5acb9e64de9bd",
    "Instance": "1.0-61c0169a06164df82bac1ced175e7d56",
    "InstanceNotification": "1.0-38756e86b0a888e2a5ffcb2e28eb422f",
    "InstancePage": "1.0-838f123d6497eef79745dac3d6fe724f",
    "Orders": "1.1-ed24b9b70346fd55404cc607dbdf9d20",
    "Provider": "1.0-aa8a80c497abdf37bf0d8940facb3a81",
    "ResourceGroup": "1.0-1e96f90a6e4bef7eda3d4de91d6ab7e3",
    "Selection": "1.0-70f7d1e9b1a9d923ddd8b662e3dfdd85",
    "SelectionAnswer": "1.0-de6fbebed5356a0a4af94143b3a44258",
    "Service": "1.0-e121c08948d8aad837426687903d7b79",
    "ServicePage": "1.0-56e8471135bb5ed148c2b07f29cb9c6f",
}

MEND = (
    "{name} travels in another shape than before: {then} became {now}. Raise its VERSION, add "
    "the line that says why to the history above it, take the change back in "
    "obj_make_compatible, and write the new fingerprint down here. Where an object in it "
    "changed, its own version rises as well."
)

NEW = "{name} is new: write its fingerprint {now} down here, and a sample of it into samples.py."


def shape(cls: type[ovo_base.VersionedObject]) -> tuple[Any, ...]:
    """What oslo's fingerprint leaves out: element types, and versions of what is inside."""
    return tuple(sorted((name, _type(field._type)) for name, field in cls.fields.items()))


def _type(kind: Any) -> str:
    if isinstance(kind, fields.Object):
        inside = samples.registered()[kind._obj_name][0]
        return f"{kind._obj_name} {inside.VERSION}"
    if isinstance(kind, fields.CompoundFieldType):
        return f"{type(kind).__name__}[{_type(kind._element_type._type)}]"
    return type(kind).__name__


class TestFingerprints(unittest.TestCase):
    maxDiff = None

    def test_no_shape_changes_without_its_version(self) -> None:
        checker = fixture.ObjectVersionChecker(samples.registered())
        before, now = checker.test_hashes(FINGERPRINTS, extra_data_func=shape)
        complaints = [
            (MEND if before[name] else NEW).format(name=name, then=before[name], now=now[name])
            for name in sorted(before)
        ]
        if complaints:
            self.fail("\n\n".join(complaints))

    def test_a_list_of_something_else_changes_the_shape(self) -> None:
        # oslo's own fingerprint sees two equal lists here.
        class Words(base.UnderstudyObject):
            fields = {"items": fields.ListOfStringsField()}

        class Numbers(base.UnderstudyObject):
            fields = {"items": fields.ListOfIntegersField()}

        self.assertNotEqual(shape(Words), shape(Numbers))

    def test_the_version_of_an_inner_object_is_part_of_the_shape(self) -> None:
        self.assertIn(("groups", "List[ResourceGroup 1.0]"), shape(BuildRequest))

    def test_every_sample_is_complete(self) -> None:
        self.assertEqual(set(samples.registered()), set(samples.everything()))
        for name, thing in samples.everything().items():
            unset = [field for field in thing.fields if not thing.obj_attr_is_set(field)]
            self.assertEqual([], unset, name)


class TestOlderPeers(testtools.TestCase):
    """A peer one version back gets what it knows."""

    def test_every_object_goes_to_every_version_of_its_major(self) -> None:
        for name, thing in samples.everything().items():
            major, minor = thing.VERSION.split(".")
            manifest = ovo_base.obj_tree_get_versions(name)
            for older in range(int(minor) + 1):
                wire = thing.obj_to_wire(f"{major}.{older}", manifest)
                self.assertEqual(f"{major}.{older}", wire["understudy_object.version"])

    def test_compatibility_routines_take_every_older_version(self) -> None:
        checker = fixture.ObjectVersionChecker(samples.registered())
        checker.test_compatibility_routines(use_manifest=True)

    def test_a_field_of_1_1_stays_at_home(self) -> None:
        self.useFixture(fixture.VersionedObjectRegistryFixture())
        newer = _register_next_resource_group()
        wire = newer(suffix="_GPU", colour="red").obj_to_wire("1.0")
        self.assertEqual("1.0", wire["understudy_object.version"])
        self.assertNotIn("colour", wire["understudy_object.data"])

    def test_a_nested_object_goes_back_by_the_manifest(self) -> None:
        self.useFixture(fixture.VersionedObjectRegistryFixture())
        newer = _register_next_resource_group()
        outer = samples.request(groups=[newer(suffix="_GPU", colour="red")])
        manifest = {"BuildRequest": "1.0", "ResourceGroup": "1.0"}

        serialized = base.Serializer(manifest).serialize_entity(None, [outer])

        (inner,) = serialized[0]["understudy_object.data"]["groups"]
        self.assertEqual("1.0", inner["understudy_object.version"])
        self.assertNotIn("colour", inner["understudy_object.data"])

    def test_without_a_manifest_a_nested_object_travels_as_it_is(self) -> None:
        self.useFixture(fixture.VersionedObjectRegistryFixture())
        newer = _register_next_resource_group()
        outer = samples.request(groups=[newer(suffix="_GPU", colour="red")])
        (inner,) = outer.obj_to_wire()["understudy_object.data"]["groups"]
        self.assertEqual("red", inner["understudy_object.data"]["colour"])

    def test_an_older_object_arrives_with_the_new_field_at_its_default(self) -> None:
        wire = samples.group().obj_to_wire()
        self.useFixture(fixture.VersionedObjectRegistryFixture())
        newer = _register_next_resource_group()
        ovo_base.VersionedObjectRegistry.obj_classes()["ResourceGroup"] = [newer]
        arrived = newer.obj_from_primitive(wire)
        self.assertEqual("none", arrived.colour)

    def test_the_fixture_leaves_no_trace(self) -> None:
        with fixture.VersionedObjectRegistryFixture():
            _register_next_resource_group()
        self.assertEqual([ResourceGroup], samples.registered()["ResourceGroup"])


def _register_next_resource_group() -> Any:
    class Next(ResourceGroup):
        # 1.0: first version
        # 1.1: added colour
        VERSION = "1.1"

        fields = {**ResourceGroup.fields, "colour": fields.StringField(default="none")}

        @classmethod
        def obj_name(cls) -> str:
            return "ResourceGroup"

        def obj_make_compatible(self, primitive: dict[str, Any], target_version: str) -> None:
            super().obj_make_compatible(primitive, target_version)
            if target_version == "1.0":
                primitive.pop("colour", None)

    fixture.VersionedObjectRegistryFixture.register(Next)
    return Next


class TestFieldTypes(unittest.TestCase):
    def test_every_field_type_says_its_schema(self) -> None:
        field = our_fields.JsonField()
        self.assertIn("object", field.get_schema()["type"])
        self.assertEqual(["integer"], our_fields.AmountField().get_schema()["type"])
