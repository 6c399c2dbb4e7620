"""What the docs say to clients in other languages is what travels."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import jsonschema
import referencing
import testtools
from referencing import jsonschema as dialects

from tests.unit.objects import samples
from tools.rpc_schemas import captures, documents, facts, files, shapes
from understudy.rpcapi import errors, versions

WRONG = {"understudy_object.name": "BuildRequest"}


class FilesTest(testtools.TestCase):
    def test_every_file_is_up_to_date(self) -> None:
        for folder, texts in files.everything().items():
            found = {path.name: path.read_text() for path in folder.iterdir()}
            differ = sorted(
                name for name in {*found, *texts} if found.get(name) != texts.get(name)
            )
            self.assertEqual(
                [],
                differ,
                f"these in {folder.name}/ differ from the code: "
                f"run {files.COMMAND} and commit the result",
            )


class FactsTest(testtools.TestCase):
    """Everything that a signature or a docstring says is on the pages."""

    def test_every_interface_is_there(self) -> None:
        described = {each.service: each.version for each in facts.INTERFACES}
        self.assertEqual(dict(versions.INTERFACES), described)

    def test_every_method_and_argument_is_described(self) -> None:
        for interface in facts.INTERFACES:
            exposed = {
                name
                for name, method in vars(interface.endpoint).items()
                if getattr(method, "exposed", False)
            }
            self.assertEqual(exposed, set(interface.methods), interface.service)
            for name, method in interface.methods.items():
                taken = set(documents.arguments_of(interface, name)) - {"return"}
                self.assertEqual(taken, set(method.arguments), name)

    def test_every_error_that_a_client_names_is_described(self) -> None:
        for interface in facts.INTERFACES:
            for name, method in interface.methods.items():
                doc = inspect.getdoc(getattr(interface.client, name)) or ""
                named = {
                    word
                    for sentence in re.findall(r"[Rr]aises ([^.;]+)", doc)
                    for word in re.findall(r"[A-Z]\w+", sentence)
                }
                self.assertEqual(set(), named - set(method.errors), f"{interface.service}.{name}")

    def test_every_error_that_is_described_exists(self) -> None:
        known = set(shapes.error_classes())
        for interface in facts.INTERFACES:
            for name, method in interface.methods.items():
                self.assertEqual(set(), set(method.errors) - known, name)

    def test_a_cast_has_no_answer(self) -> None:
        for interface in facts.INTERFACES:
            for name, method in interface.methods.items():
                calls = "_cast(" in inspect.getsource(getattr(interface.client, name))
                self.assertEqual(calls, method.cast, name)


class SchemasTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.schemas = {name: json.loads(text) for name, text in documents.schemas().items()}
        self.registry: Any = referencing.Registry().with_resources(
            (name, dialects.DRAFT202012.create_resource(schema))
            for name, schema in self.schemas.items()
        )

    def validate(self, reference: str, instance: Any) -> None:
        """Raise ValidationError unless the instance is as FILE#/POINTER says."""
        jsonschema.Draft202012Validator({"$ref": reference}, registry=self.registry).validate(
            instance
        )

    def test_each_is_a_schema(self) -> None:
        for schema in self.schemas.values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_every_object_is_as_its_schema_says(self) -> None:
        for name, thing in samples.everything().items():
            self.validate(f"objects.json#/$defs/{name}", thing.obj_to_wire())

    def test_an_object_that_leaves_its_defaults_out_is_one_too(self) -> None:
        for name, cls in shapes.object_classes().items():
            wire = samples.everything()[name].obj_to_wire()
            prefix = cls.OBJ_SERIAL_NAMESPACE
            schema = self.schemas["objects.json"]["$defs"][name]["properties"][f"{prefix}.data"]
            data = wire[f"{prefix}.data"]
            wire[f"{prefix}.data"] = {key: data[key] for key in schema["required"]}
            self.validate(f"objects.json#/$defs/{name}", wire)
            arrived = cls.obj_from_primitive(wire)
            unset = [field for field in cls.fields if not arrived.obj_attr_is_set(field)]
            self.assertEqual([], unset, name)

    def test_what_is_no_such_object_is_refused(self) -> None:
        self.assertRaises(
            jsonschema.ValidationError, self.validate, "objects.json#/$defs/BuildRequest", WRONG
        )

    def test_errors_rebuild_from_the_facts_in_their_order(self) -> None:
        error = errors.Superseded(samples.uuid(1), 1, 2)
        shown = shapes.facts_of(errors.Superseded)
        self.assertEqual(error.args, tuple(getattr(error, fact) for fact in shown))

    def test_what_was_captured_is_as_the_schemas_say(self) -> None:
        found = {name: json.loads(text) for name, text in captures.messages().items()}
        for name, kind in (
            ("call.json", "call"),
            ("cast.json", "cast"),
            ("reply.json", "reply"),
            ("error-reply.json", "reply"),
        ):
            message = found[name]
            self.validate("envelope.json#/$defs/envelope", message["body"])
            self.assertEqual(message["decoded"], json.loads(message["body"]["oslo.message"]))
            self.validate(f"envelope.json#/$defs/{kind}", message["decoded"])
        build = "super-conductor.json#/methods/build"
        self.validate(f"{build}/args", found["call.json"]["decoded"]["args"])
        self.validate(f"{build}/result", found["reply.json"]["decoded"]["result"])
        self.validate("compute.json#/methods/build/args", found["cast.json"]["decoded"]["args"])
        failure = json.loads(found["error-reply.json"]["decoded"]["failure"])
        self.validate("errors.json#/$defs/RequestIdTaken", failure)

    def test_a_reply_names_its_call(self) -> None:
        found = {name: json.loads(text) for name, text in captures.messages().items()}
        call, reply = found["call.json"], found["reply.json"]
        self.assertEqual(call["decoded"]["_msg_id"], reply["decoded"]["_msg_id"])
        self.assertEqual(call["decoded"]["_reply_q"], reply["routing_key"])
