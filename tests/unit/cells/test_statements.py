"""How many statements a build costs its databases: a change here is meant, or a mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from tests.unit.cells.base import LONG, ME, CellTest, apart, fault, new_build, request, uuid


class StatementsTest(CellTest):
    def setUp(self) -> None:
        super().setUp()
        self.cell.ping()
        if not self.cell.database.engine.dialect.update_returning:
            self.skipTest("here a changed row is read in a statement of its own")
        self.statements: list[str] = []
        for engine in self.api.database.engines | self.cell.database.engines:
            sa.event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if not statement.startswith("BEGIN"):
            self.statements.append(statement)

    def cost(self, expected: int, work: Callable[[], Any]) -> Any:
        self.statements.clear()
        result = work()
        self.assertEqual(expected, len(self.statements), "\n".join(self.statements))
        return result

    def test_a_request(self) -> None:
        wanted, instances = request(), [(uuid(), str(number)) for number in range(10)]
        self.cost(2, lambda: self.api.accept(wanted, instances, LONG))
        self.cost(2, lambda: self.api.accept(wanted, instances, LONG))
        self.cost(1, lambda: self.api.take_request(wanted.request_id, ME, LONG))
        self.cost(1, lambda: self.api.mappings_of(wanted.request_id))
        self.cost(1, lambda: self.api.record_answer(wanted.request_id, ME, "{}"))
        self.cost(1, lambda: self.api.map_to_cell(instances[0][0], uuid()))
        self.cost(1, lambda: self.api.finish_request(wanted.request_id, ME))

    def test_a_build_that_succeeds(self) -> None:
        build = new_build("h1")
        record = self.cost(3, lambda: self.cell.insert_build(build))
        self.cost(2, lambda: self.cell.mark_cast(record))
        self.cost(2, lambda: self.cell.start(record.uuid, 1, "h1"))
        self.cost(2, lambda: self.cell.succeed(record.uuid, 1, "h1"))

    def test_a_build_that_moves(self) -> None:
        record = self.building("h1", "h2", "h3")
        failed = self.cost(2, lambda: self.cell.fail(record.uuid, 1, "h1", fault(), True))
        taken = self.cost(1, lambda: self.cell.take(failed, ME, LONG))
        second, third = taken.alternates
        moving = self.cost(3, lambda: self.cell.next_attempt(taken, second, [third], ME, LONG))
        moving = self.cost(3, lambda: self.cell.retarget(moving, third, []))
        claimed = self.cost(2, lambda: self.cell.claimed(moving, 2))
        self.cost(2, lambda: self.cell.mark_cast(claimed))

    def test_a_member_of_a_group_costs_its_row(self) -> None:
        record = self.cost(5, lambda: self.cell.insert_build(new_build(request=apart(uuid()))))
        second = record.alternates[0]
        self.cost(4, lambda: self.cell.next_attempt(record, second, [], ME, LONG))

    def test_the_hosts_of_all_alternates(self) -> None:
        self.register("h1", "h2", "h3")
        self.cost(1, lambda: self.cell.hosts_named(["h1", "h2", "h3"]))

    def test_an_ending(self) -> None:
        record = self.failed()
        failing = self.cost(2, lambda: self.cell.begin_failing(record, fault()))
        self.cost(1, lambda: self.cell.uncleaned(failing.uuid))
        self.cost(1, lambda: self.cell.end(failing))
        self.cost(2, lambda: self.delete(failing.uuid))

    def test_a_heartbeat_of_many_hosts_in_good_order(self) -> None:
        names = [f"h{number}" for number in range(20)]
        self.register(*names)
        in_hand = {name: [(self.building(name).uuid, 1)] for name in names}
        self.cost(2, lambda: self.cell.beat("agent", in_hand))

    def test_a_sweep(self) -> None:
        self.failed()
        self.cost(1, lambda: self.cell.overdue(100))
        self.cost(1, lambda: self.cell.exhausted(100))


class AnnouncedTest(StatementsTest):
    """Where it is announced, an event costs one statement, in the transaction of its change."""

    announces = True

    def test_a_request(self) -> None:
        wanted, instances = request(), [(uuid(), str(number)) for number in range(10)]
        self.cost(3, lambda: self.api.accept(wanted, instances, LONG))

    def test_a_build_that_succeeds(self) -> None:
        record = self.cost(4, lambda: self.cell.insert_build(new_build("h1")))
        self.cost(2, lambda: self.cell.mark_cast(record))
        self.cost(2, lambda: self.cell.start(record.uuid, 1, "h1"))
        self.cost(3, lambda: self.cell.succeed(record.uuid, 1, "h1"))

    def test_a_build_that_moves(self) -> None:
        record = self.building("h1", "h2")
        failed = self.cost(3, lambda: self.cell.fail(record.uuid, 1, "h1", fault(), True))
        second = failed.alternates[0]
        moving = self.cost(3, lambda: self.cell.next_attempt(failed, second, [], ME, LONG))
        self.cost(3, lambda: self.cell.claimed(moving, 2))

    def test_an_ending(self) -> None:
        failed = self.failed()
        failing = self.cost(2, lambda: self.cell.begin_failing(failed, fault()))
        self.cost(2, lambda: self.cell.end(failing))

    def test_a_member_of_a_group_costs_its_row(self) -> None:
        self.cost(6, lambda: self.cell.insert_build(new_build(request=apart(uuid()))))

    def test_nothing_to_publish(self) -> None:
        self.cost(1, self.cell.outbox.is_waiting)
