"""Whose things clients may see and touch, and how far a cell is believed about others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.functional.cloud.case import CloudTestCase, new_uuid, request
from understudy.compute import fault_plan
from understudy.objects import states
from understudy.objects.fields import AdminState
from understudy.rpcapi import errors
from understudy.rpcapi.context import RequestContext

OWNER = RequestContext("a-project", "a-user")
STRANGER = RequestContext("another-project", "another-user")


class Clients(CloudTestCase):
    """Row 6: anyone on the API bus listed, showed, deleted, built and moved in any project."""

    def test_what_is_anothers_is_not_there(self) -> None:
        self.open({"one": {"a": 2}})
        (instance,) = self.build_and_wait()
        client = self.cloud.client
        for call, what, there, nowhere in (
            (client.show, errors.InstanceNotFound, instance.uuid, new_uuid()),
            (client.delete, errors.InstanceNotFound, instance.uuid, new_uuid()),
            (client.result, errors.RequestNotFound, instance.request_id, new_uuid()),
            (client.cancel, errors.RequestNotFound, instance.request_id, new_uuid()),
        ):
            calling: Callable[..., Any] = call
            error = self.assertRaises(what, calling, STRANGER, there)
            other = self.assertRaises(what, calling, STRANGER, nowhere)
            self.assertEqual(str(other), str(error).replace(there, nowhere))
        self.assertEqual([], self.seen(STRANGER))
        self.assertEqual([], self.seen(STRANGER, project_id="a-project"))
        self.assertEqual([instance.uuid], self.seen(OWNER))
        self.assert_ended_as(states.ACTIVE, [self.show(instance.uuid)])
        client.delete(OWNER, instance.uuid)
        self.reaches(instance.uuid, states.DELETED)

    def test_nobody_builds_for_another(self) -> None:
        self.open({"one": {"a": 2}})
        build = self.cloud.client.build
        self.assertRaises(errors.Forbidden, build, STRANGER, request())
        self.assertRaises(errors.Forbidden, build, RequestContext(), request())
        self.assertEqual([], self.listed())

    def test_what_is_the_operators_is_nobody_elses(self) -> None:
        self.open({"one": {"a": 2}})
        client = self.cloud.client
        calls: tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...] = (
            (client.list_hosts, (None,)),
            (client.set_host, ("a", AdminState.DISABLED, "because")),
            (client.list_services, ()),
            (client.list_cells, ()),
        )
        for call, arguments in calls:
            error = self.assertRaises(errors.Forbidden, call, OWNER, *arguments)
            self.assertEqual(call.__name__, error.method)
            self.assertIn("administrator", str(error))
        (host,) = client.list_hosts(self.cloud.context, None).hosts
        self.assertEqual(AdminState.ENABLED, host.admin_state)

    def test_nobodys_claim_is_moved_to_another(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        (instance,) = self.build_and_wait()
        strangers = self.cloud.scheduler_as("stranger")
        services = self.cloud.scheduler_as(None)
        for generation in range(1, 4):
            held = {instance.uuid: generation}
            for whose in ({"project_id": "thief"}, {"user_id": "thief"}, {}):
                wanted = request(1, ignore_hosts=[str(instance.service_host)], **whose)
                asked = (OWNER, wanted.request_id, wanted, [instance.uuid], 0, held)
                self.assertRaises(errors.Forbidden, strangers.select_destinations, *asked)
                if whose:
                    self.assertRaises(
                        errors.LedgerRefusedRequest, services.select_destinations, *asked
                    )
        self.assertEqual([], self.cloud.findings())

    def seen(self, context: RequestContext, **filters: str) -> list[str]:
        page = self.cloud.client.list_instances(context, filters, [], [], 10, None)
        return [instance.uuid for instance in page.instances]


class Forgeries(CloudTestCase):
    """Row 8: who could write one cell's database made another cell build what it said."""

    def test_another_cell_builds_what_was_asked_for(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 4}})
        self.occupy("b", 3)
        self.cloud.builds.hold("a")
        accepted = self.build(max_cells=2, name="mine")
        self.begun(accepted)
        self.cloud.forge(
            "one",
            request(
                2,
                request_id=accepted.request_id,
                name="forged",
                project_id="victim",
                user_id="victim",
                consumer_type="INSTANCE",
                image="a-victims-disk",
            ),
        )
        self.cloud.builds.break_host("a", fault_plan.host_broken())
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assert_ended_as(states.ACTIVE, [instance])
        self.assertEqual(
            ("two", "mine", "a-project", "a-user"),
            (instance.cell_name, instance.name, instance.project_id, instance.user_id),
        )
        page = self.cloud.client.list_instances(
            self.cloud.context, {"project_id": "victim"}, [], [], 10, None
        )
        self.assertEqual([], page.instances)
