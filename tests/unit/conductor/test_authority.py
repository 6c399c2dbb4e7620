"""Whose things a caller may see and touch: row 6, what the API level's bus takes from whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis
import testtools
from hypothesis import strategies

from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import request, uuid_of
from understudy.conductor.authority import OPERATOR, Caller
from understudy.conductor.endpoints import SuperConductorEndpoint
from understudy.conductor.fleet import Fleet
from understudy.conductor.super import SuperConductor
from understudy.objects.fields import AdminState
from understudy.rpcapi import errors as wire
from understudy.rpcapi.context import RequestContext

MINE = RequestContext("project", "user")
THEIRS = RequestContext("other", "stranger")
ADMIN = RequestContext("admin", "admin", is_admin=True)
NOBODY = RequestContext()

ANYTHING = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats()
    | strategies.text(max_size=3)
    | strategies.just("x" * 100_000)
    | strategies.just("name"),
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(strategies.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = strategies.text(max_size=3) | strategies.none()


class CallerTest(testtools.TestCase):
    @hypothesis.given(NAMES, NAMES, strategies.booleans(), strategies.text(max_size=3))
    def test_only_its_own_is_anybodys_but_an_administrators(
        self, project: str | None, user: str | None, is_admin: bool, owner: str
    ) -> None:
        caller = Caller(project, user, is_admin)
        self.assertEqual(is_admin or owner == project, caller.owns(owner))

    @hypothesis.given(
        strategies.text(min_size=1, max_size=3),
        strategies.dictionaries(
            strategies.sampled_from(["project_id", "name", "state"]), strategies.text(max_size=3)
        ),
    )
    def test_whatever_filters_say_only_its_own_is_listed(
        self, project: str, filters: dict[str, str]
    ) -> None:
        narrowed = Caller(project, "user").narrow(filters)
        if filters.get("project_id", project) != project:
            self.assertIsNone(narrowed)
        else:
            self.assertEqual({**filters, "project_id": project}, narrowed)
        self.assertEqual(filters, OPERATOR.narrow(filters))

    def test_a_context_without_a_project_is_refused_for_all(self) -> None:
        for project in (None, "", 7, ["project"], {"project": "project"}):
            context = RequestContext(project, "user")  # type: ignore[arg-type]
            error = self.assertRaises(wire.Forbidden, Caller.of, context, "show")
            self.assertEqual("show", error.method)
        self.assertTrue(Caller.of(RequestContext(is_admin=True), "show").owns("anybody's"))

    def test_the_refusal_says_what_it_takes(self) -> None:
        error = self.assertRaises(wire.Forbidden, Caller.of(MINE, "m").check_admin, "list_hosts")
        self.assertEqual(
            "user 'user' of project 'project' may not call list_hosts: "
            "it needs an administrator's context; ask as one",
            str(error),
        )


class EndpointTest(CloudTest):
    """The methods as the bus calls them."""

    def setUp(self) -> None:
        super().setUp()
        process = self.cloud.super
        self.begun: list[str] = []
        self.endpoint = SuperConductorEndpoint(
            SuperConductor(
                process.api,
                process.cells,
                process.acceptance,
                process.deleter,
                process.lookout,
                Fleet(process.api, process.cells, 60.0),
                self.begun.append,
            )
        )

    def test_what_belongs_to_others_is_answered_as_what_does_not_exist(self) -> None:
        uuid = self.active()
        request_id = request().request_id
        cases: list[tuple[Callable[..., Any], str, str]] = [
            (self.endpoint.show, uuid, uuid_of("nothing")),
            (self.endpoint.delete, uuid, uuid_of("nothing")),
            (self.endpoint.result, request_id, uuid_of("no request")),
            (self.endpoint.cancel, request_id, uuid_of("no request")),
            (self.lists_after, uuid, uuid_of("nothing")),
        ]
        for call, there, nowhere in cases:
            error = self.assertRaises(wire.WireError, call, THEIRS, there)
            other = self.assertRaises(wire.WireError, call, THEIRS, nowhere)
            self.assertIs(type(other), type(error))
            self.assertEqual(str(other), str(error).replace(there, nowhere))
        self.assertState("ACTIVE", uuid)

    def test_ones_own_is_there(self) -> None:
        uuid = self.active()
        for context in (MINE, ADMIN):
            self.assertEqual(uuid, self.endpoint.show(context, uuid).uuid)
            (found,) = self.endpoint.result(context, request().request_id).instances
            self.assertEqual(uuid, found.uuid)
            self.assertEqual([uuid], self.listed(context))
        self.endpoint.delete(MINE, uuid)
        self.assertEnded("DELETED", uuid)

    def test_ones_own_request_is_cancelled(self) -> None:
        uuid = self.active()
        self.endpoint.cancel(MINE, request().request_id)
        self.assertEnded("DELETED", uuid)

    def test_nobody_lists_what_belongs_to_others(self) -> None:
        mine = self.active()
        (theirs,) = self.cloud.build(
            request(request_id=uuid_of("theirs"), project_id="other", user_id="stranger")
        )
        self.settle()
        self.assertEqual([mine], self.listed(MINE))
        self.assertEqual([theirs], self.listed(THEIRS))
        self.assertEqual([], self.listed(THEIRS, project_id="project"))
        self.assertEqual([], self.listed(THEIRS, request_id=request().request_id))
        self.assertEqual({mine, theirs}, set(self.listed(ADMIN)))
        self.assertEqual([mine], self.listed(ADMIN, project_id="project"))

    def test_nobody_lists_what_waits_for_a_host_in_another_project(self) -> None:
        self.cloud.super.acceptance.accept(request())
        self.assertEqual(1, len(self.listed(MINE)))
        self.assertEqual([], self.listed(THEIRS))

    def test_nobody_builds_in_the_name_of_others(self) -> None:
        for wrong in (request(project_id="other"), request(user_id="stranger")):
            self.assertRaises(wire.Forbidden, self.endpoint.build, MINE, wrong)
        self.assertRaises(wire.Forbidden, self.endpoint.build, NOBODY, request())
        self.assertEqual([], self.listed(ADMIN))
        self.assertEqual([], self.begun)
        self.endpoint.build(MINE, request())
        self.endpoint.build(ADMIN, request(request_id=uuid_of("for others"), project_id="other"))
        self.assertEqual(2, len(self.begun))

    def test_what_is_the_operators_says_so(self) -> None:
        calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
            (self.endpoint.list_hosts, (None,)),
            (self.endpoint.set_host, ("one-a", AdminState.DISABLED, "because")),
            (self.endpoint.list_services, ()),
            (self.endpoint.list_cells, ()),
        ]
        for call, arguments in calls:
            for context in (MINE, NOBODY):
                error = self.assertRaises(wire.Forbidden, call, context, *arguments)
                self.assertEqual(call.__name__, error.method)
            if call.__name__ != "set_host":
                call(ADMIN, *arguments)
        self.assertTrue(self.cloud.schedulable("one-a"))
        self.endpoint.set_host(ADMIN, "one-a", AdminState.DISABLED, "because")
        self.assertFalse(self.cloud.schedulable("one-a"))

    @hypothesis.settings(
        max_examples=200,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    )
    @hypothesis.given(strategies.sampled_from(["show", "delete", "result", "cancel"]), ANYTHING)
    def test_whatever_is_named_is_not_found(self, method: str, said: object) -> None:
        call = getattr(self.endpoint, method)
        for context in (MINE, ADMIN):
            error = self.assertRaises(
                (wire.InstanceNotFound, wire.RequestNotFound), call, context, said
            )
            self.assertLess(len(str(error)), 200)

    @hypothesis.settings(
        max_examples=200,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    )
    @hypothesis.given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
    def test_whatever_is_listed_by_is_refused_or_finds_nothing(
        self, filters: Any, keys: Any, dirs: Any, limit: Any, marker: Any
    ) -> None:
        queries: tuple[tuple[Any, ...], ...] = (
            (filters, [], [], 10, None),
            ({"name": filters}, [], [], 10, None),
            ({}, keys, [], 10, None),
            ({}, ["name"], dirs, 10, None),
            ({}, [], [], limit, None),
            ({}, [], [], 10, marker),
            (filters, keys, dirs, limit, marker),
        )
        for arguments in queries:
            try:
                page = self.endpoint.list_instances(MINE, *arguments)
            except (wire.BadQuery, wire.InstanceNotFound) as refused:
                self.assertLess(len(str(refused)), 500)
            else:
                self.assertEqual([], page.instances)

    def listed(self, context: RequestContext, **filters: str) -> list[str]:
        page = self.endpoint.list_instances(context, filters, [], [], 100, None)
        return [instance.uuid for instance in page.instances]

    def lists_after(self, context: RequestContext, marker: str) -> object:
        return self.endpoint.list_instances(context, {}, [], [], 100, marker)
