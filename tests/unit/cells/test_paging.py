"""Listings in pages, against sorting the same instances in memory."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import hypothesis
from hypothesis import strategies as st

from tests.unit.cells.base import CellTest, fault, new_build, request, uuid
from understudy.cells import paging, tables_cell
from understudy.objects.errors import InvalidRequest
from understudy.objects.instance import Instance

COLUMNS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "B", "b", "é", "z"]),
        "state": st.sampled_from(["BUILDING", "ACTIVE", "ERROR"]),
        "service_host": st.sampled_from([None, "h1", "h2"]),
        "created_at": st.sampled_from([1.0, 1.5, 1795354980.123456]),
        "updated_at": st.sampled_from([2.0, 1 / 3]),
        "cell": st.sampled_from(["one", "two"]),
    }
)
ORDERS = st.lists(
    st.tuples(st.sampled_from(paging.SORT_KEYS), st.sampled_from(["asc", "desc"])),
    max_size=4,
    unique_by=lambda one: one[0],
)


def oracle(instances: Sequence[Instance], keys: Sequence[str], dirs: Sequence[str]) -> list[str]:
    """The uuids in order: stable sorts, the least significant key first."""
    ordered = sorted(instances, key=lambda one: one.uuid)
    for key, direction in reversed(
        list(zip(keys or ["created_at"], dirs or ["asc"], strict=True))
    ):
        ordered.sort(key=lambda one: getattr(one, key) or "", reverse=direction == "desc")
    return [one.uuid for one in ordered]


class PagingTest(CellTest):
    cell_names = ("one", "two")

    @hypothesis.settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[
            hypothesis.HealthCheck.function_scoped_fixture,
            # The same property is held to on servers, by classes of their own.
            hypothesis.HealthCheck.differing_executors,
        ],
    )
    @hypothesis.given(st.lists(COLUMNS, max_size=12), ORDERS, st.integers(1, 5))
    def test_pages_of_many_cells_make_up_the_sorted_whole(
        self, rows: list[dict[str, Any]], order: list[tuple[str, str]], limit: int
    ) -> None:
        keys, dirs = [key for key, _ in order], [direction for _, direction in order]
        everything = self._fill(rows)
        found: list[str] = []
        after = None
        for _ in range(len(rows) + 1):
            pages = [
                cell.list_instances({}, keys, dirs, limit, after)
                for cell in self.databases.cells.values()
            ]
            page = paging.merge(pages, keys, dirs, limit)
            if not page:
                break
            found += [one.uuid for one in page]
            after = paging.place(page[-1], keys)
        self.assertEqual(oracle(everything, keys, dirs), found)

    def _fill(self, rows: list[dict[str, Any]]) -> list[Instance]:
        for store in self.databases.cells.values():
            with store.database.engine.begin() as connection:
                connection.execute(tables_cell.instances.delete())
        for number, row in enumerate(rows):
            columns = {name: value for name, value in row.items() if name != "cell"}
            fixed = {
                "uuid": f"{number:036}",
                "request_id": "r",
                "project_id": "p",
                "user_id": "u",
                "consumer_type": "c",
                "attempt": 1,
                "position": 0,
                "attempts_left": 0,
                "cells_left": 0,
                "alternates": "[]",
                "alternates_left": 0,
                "deadline": 0.0,
                "lease_until": 0.0,
            }
            store = self.databases.cells[row["cell"]]
            with store.database.engine.begin() as connection:
                connection.execute(tables_cell.instances.insert(), {**fixed, **columns})
        return [one for cell in self.databases.cells.values() for one in cell.list_instances({})]


class FilterTest(CellTest):
    def listed(self, **filters: str) -> list[str]:
        return [one.uuid for one in self.cell.list_instances(filters)]

    def test_each_filter_lets_equal_values_through(self) -> None:
        wanted = request(project_id="ours")
        one = self.cell.insert_build(new_build("h1", name="first", request=wanted))
        other = self.active("h2", name="second")
        self.assertEqual([one.uuid, other.uuid], self.listed())
        for filters in (
            {"state": "BUILDING"},
            {"host": "h1"},
            {"request_id": wanted.request_id},
            {"project_id": "ours"},
            {"name": "first"},
            {"name": "first", "host": "h1"},
        ):
            self.assertEqual([one.uuid], self.listed(**filters), str(filters))
        self.assertEqual([], self.listed(name="first", host="h2"))

    def test_what_was_handed_over_is_listed_where_it_went(self) -> None:
        self.handed_over()
        self.assertEqual([], self.listed())

    def test_what_cannot_be_asked_for_is_refused(self) -> None:
        for field, ask in (
            ("filters", functools.partial(self.cell.list_instances, {"color": "red"})),
            ("sort_keys", functools.partial(self.cell.list_instances, {}, ["color"])),
            ("sort_dirs", functools.partial(self.cell.list_instances, {}, ["name"], ["up"])),
            (
                "marker",
                functools.partial(self.cell.list_instances, {}, ["name"], [], 1, ("one",)),
            ),
            ("filters", functools.partial(self.api.list_unmapped, {"color": "red"})),
        ):
            self.assertEqual(field, self.assertRaises(InvalidRequest, ask).field)

    def test_an_instance_is_shown_with_what_clients_ask_about(self) -> None:
        record = self.failed("h1", "h2", "h3")
        (listed,) = self.cell.list_instances({})
        shown = self.cell.to_instance(record, self.cell.attempts(record.uuid))
        self.assertEqual(
            ("one", "h1", 2, 1, []),
            (
                listed.cell_name,
                listed.service_host,
                listed.alternates_left,
                listed.attempt,
                listed.attempts,
            ),
        )
        (attempt,) = shown.attempts
        self.assertEqual(
            ("FAILED", "one", "h1", "h1.example", fault()),
            (
                attempt.state,
                attempt.cell_name,
                attempt.service_host,
                attempt.nodename,
                attempt.fault,
            ),
        )
        shown.attempts = []
        self.assertEqual(listed, shown)

    def test_a_tombstone_is_on_no_host(self) -> None:
        shown = self.cell.to_instance(self.delete(uuid()))
        self.assertIsNone(shown.service_host)
        self.assertEqual([shown], self.cell.list_instances({}))


class UnmappedTest(CellTest):
    def test_only_what_no_cell_holds_is_listed_in_the_same_manner(self) -> None:
        wanted = request(count=6)
        names = ["accepted", "mapped", "failed", "deleting", "deleted", "gone"]
        instances = {name: uuid() for name in names}
        self.api.accept(wanted, [(instances[name], name) for name in names], 60.0)
        for name in ("mapped", "gone"):
            self.api.map_to_cell(instances[name], uuid())
        self.api.fail_unmapped(instances["failed"], fault())
        for name in ("deleting", "deleted", "gone"):
            self.api.begin_deleting(instances[name])
        for name in ("deleted", "gone"):
            self.api.end_deleting(instances[name])
        listed = self.api.list_unmapped({}, ["name"])
        self.assertEqual(
            [
                ("accepted", "ACCEPTED", None),
                ("deleted", "DELETED", None),
                ("deleting", "DELETING", None),
                ("failed", "ERROR", fault()),
            ],
            [(one.name, one.state, one.fault) for one in listed],
        )
        self.assertEqual({(None, None)}, {(one.cell_name, one.service_host) for one in listed})
        second = self.api.list_unmapped(
            {},
            ["service_host", "name"],
            limit=2,
            after=paging.place(listed[0], ["service_host", "name"]),
        )
        self.assertEqual(["deleted", "deleting"], [one.name for one in second])
        self.assertEqual(
            ["failed"], [one.name for one in self.api.list_unmapped({"state": "ERROR"})]
        )
        self.assertEqual([], self.api.list_unmapped({"host": "h1"}))
