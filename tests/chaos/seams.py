"""The seams: every call at which a simulated process may die, before its effect or after.

A seam is named as its call is: on a bus by service and method, on a database by
the store's method, on Placement by what is asked of which resource.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final


def _named(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(f"{prefix} {name}" for name in names.split())


def _on_bus(ways: Iterable[str], methods: str) -> tuple[str, ...]:
    return tuple(f"bus {way} {method}" for method in methods.split() for way in ways)


BUS: Final = (
    *_on_bus(
        ("send", "take", "answer"),
        """
        conductor.build_failed conductor.build_started conductor.build_succeeded
        conductor.heartbeat conductor.register_host conductor.torn_down
        scheduler.select_destinations
        super-conductor.build super-conductor.cancel super-conductor.delete
        """,
    ),
    # Casts have no answer.
    *_on_bus(("send", "take"), "compute.build compute.tear_down conductor.end_instances"),
)
LEDGER: Final = (
    *_named(
        "placement GET",
        "allocation_candidates allocations resource_classes resource_providers"
        " resource_providers/aggregates resource_providers/inventories resource_providers/traits",
    ),
    *_named("placement POST", "allocations resource_providers"),
    *_named(
        "placement PUT",
        "allocations resource_providers/inventories resource_providers/traits",
    ),
)
DATABASES: Final = (
    *_named(
        "api-db",
        """
        accepted_before begin_deleting begin_hand_over cells deleting end_deleting
        fail_unmapped finish_request give_up_hand_over hand_over handing_over
        host_mappings insert map_to_cell mapping mappings_of put_host_mappings
        put_back_hand_over put_off_request record_answer request selected_lately
        take_request waiting_requests
        """,
    ),
    *_named(
        "cell-db",
        """
        attempts beat begin_deleting begin_failing begin_hand_over claimed end exhaust
        exhausted fail failed_among group_hosts handed_over host hosts hosts_like hosts_named
        hosts_to_close insert insert_again instance mark_cast mark_cleaned mark_down
        mark_schedulable next_attempt note_refused overdue put_off recent_faults
        recorded_providers refused_as register release request_of set_generation
        start strays succeed take uncleaned
        """,
    ),
    # A host's own: its journal.
    *(
        f"disk {name}"
        for name in (
            "name_host",
            "receive",
            "tear_down",
            "move to BUILDING",
            "move to BUILT",
            "move to FAILED",
            "move to GONE",
            "move to SUCCEEDED",
            "move to TEARING_DOWN",
        )
    ),
)
CLOCK: Final = _named(
    "clock", "alarm build cell-sweeper pause report super-deletes super-sweeper super-takeovers"
)
DRIVER: Final = _named("driver", "build destroy")

ALL: Final = (*BUS, *LEDGER, *DATABASES, *CLOCK, *DRIVER)
ENDS: Final = tuple((seam, when) for seam in ALL for when in ("before", "after"))
"""Where a process may die."""
