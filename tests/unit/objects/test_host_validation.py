"""Hosts that describe themselves as no cell takes them, each with its one line."""

from __future__ import annotations

import unittest
import warnings
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import samples
from tests.unit.objects.test_reported_attempts import JSON
from tests.unit.objects.test_text import ATTACKS
from understudy.compute.fake_hosts import Child, fake_host
from understudy.objects import errors, host_validation
from understudy.objects.host import Host, Provider
from understudy.objects.limits import HostLimits

LIMITS = HostLimits()
ROOT = samples.uuid(1)
PLAIN = "write up to 255 letters, digits, '.', '_' or '-', the first a letter or a digit"
UUID = "write 32 lower-case hex digits as 8-4-4-4-12"


def provider(number: int = 1, **changes: Any) -> Provider:
    wanted: dict[str, Any] = {
        "uuid": samples.uuid(number),
        "name": f"provider-{number}",
        "parent_uuid": None if number == 1 else ROOT,
        "inventories": {"VCPU": {"total": 8}},
    }
    return Provider(**(wanted | changes))


def host(**changes: Any) -> Host:
    wanted: dict[str, Any] = {
        "name": "host-1",
        "nodename": "host-1",
        "compute_node_uuid": ROOT,
        "agent": "agent-1",
        "providers": [provider()],
    }
    return Host(**(wanted | changes))


class HostCase(unittest.TestCase):
    def refused(self, message: str, refused: Host, limits: HostLimits = LIMITS) -> None:
        with self.assertRaises(errors.InvalidRequest) as caught:
            host_validation.check(refused, limits)
        self.assertEqual(message, str(caught.exception))

    def bad_root(self, message: str, **changes: Any) -> None:
        with warnings.catch_warnings(action="ignore"):
            self.refused(message, host(providers=[provider(**changes)]))


class TestFine(unittest.TestCase):
    def test_what_the_drivers_describe(self) -> None:
        gpus = [Child(f"gpu{number}", {"PGPU": 1}, ["CUSTOM_A100"]) for number in range(8)]
        made = fake_host(
            "gpu_1.rack2.example.org", "agent", {"VCPU": 32, "MEMORY_MB": 4096}, children=gpus
        )
        made.availability_zone, made.failure_domain = "zone 1", "Gestell 夏"
        host_validation.check(made, LIMITS)

    def test_a_full_inventory(self) -> None:
        inventory = {
            "total": 2**31 - 1,
            "reserved": 0,
            "min_unit": 1,
            "max_unit": 2**31 - 1,
            "step_size": 1,
            "allocation_ratio": 16.0,
        }
        host_validation.check(
            host(providers=[provider(inventories={"CUSTOM_X": inventory})]), LIMITS
        )


class TestNames(HostCase):
    def test_names_that_a_terminal_or_a_log_would_obey(self) -> None:
        for attack in [*ATTACKS, "a" * 256, "", "..", "a/b"]:
            for field in ("name", "nodename", "agent"):
                with self.subTest(attack, field=field):
                    with self.assertRaises(errors.InvalidRequest) as caught:
                        host_validation.check(host(**{field: attack}), LIMITS)
                    self.assertEqual(field, caught.exception.field)
                    self.assertTrue(str(caught.exception).isprintable())
        self.refused(
            rf"name: '\x1b]0;owned\x07' is no plain name; {PLAIN}", host(name="\x1b]0;owned\x07")
        )
        self.refused(
            f"agent: {'x' * 60!r}... (3000000 characters) is no plain name; {PLAIN}",
            host(agent="x" * 3_000_000),
        )

    def test_zones_and_domains(self) -> None:
        shown = "write printable characters, and not only spaces"
        for field in ("availability_zone", "failure_domain"):
            self.refused(
                rf"{field}: 'gpj\u202eexe' cannot be shown; {shown}",
                host(**{field: "gpj\u202eexe"}),
            )
            self.refused(f"{field}: ' ' cannot be shown; {shown}", host(**{field: " "}))
            self.refused(
                f"{field}: 256 characters are too long; write at most 255",
                host(**{field: "a" * 256}),
            )

    def test_providers(self) -> None:
        self.bad_root(
            r"providers[0].name: 'a\nb' cannot be shown; "
            "write printable characters, and not only spaces",
            name="a\nb",
        )
        self.bad_root(
            "providers[0].name: 201 characters are too long; write at most 200", name="a" * 201
        )
        self.bad_root(
            "providers[0].traits: 'fast' is not the name of a trait; "
            "write capitals, digits and underscores, as in CUSTOM_FAST",
            traits=["fast"],
        )
        self.bad_root(
            "providers[0].inventories: 'vcpu' is not the name of a resource class; "
            "write capitals, digits and underscores, as in CUSTOM_FAST",
            inventories={"vcpu": {"total": 1}},
        )

    def test_reasons(self) -> None:
        host_validation.check_reason(None)
        host_validation.check_reason("broken fan, ticket 7")
        for reason in [*ATTACKS, "", " ", "x" * 256]:
            with self.subTest(reason), self.assertRaises(errors.InvalidRequest):
                host_validation.check_reason(reason)


class TestUuids(HostCase):
    def test_what_is_none(self) -> None:
        for field, value, shown in (
            ("uuid", "../../etc", "../../etc"),
            ("aggregates", ["A" * 36], "A" * 36),
            ("parent_uuid", "x", "x"),
        ):
            self.bad_root(
                f"providers[0].{field}: {shown!r} is not a uuid; {UUID}", **{field: value}
            )
        with warnings.catch_warnings(action="ignore"):
            self.refused(
                f"compute_node_uuid: 'host' is not a uuid; {UUID}", host(compute_node_uuid="host")
            )

    def test_what_a_message_left_out(self) -> None:
        self.refused("name: it is missing; write it down", Host())
        self.refused(
            "providers[0].name: it is missing; write it down",
            host(providers=[Provider(uuid=ROOT)]),
        )


class TestInventories(HostCase):
    def test_what_placement_does_not_take(self) -> None:
        for part, shown in {
            ("total", 0): "0 is no amount; write a whole number from 1 to 2147483647",
            ("total", 2**31): "2147483648 is no amount; write a whole number from 1 to 2147483647",
            ("total", 1.5): "1.5 is no amount; write a whole number from 1 to 2147483647",
            ("total", True): "True is no amount; write a whole number from 1 to 2147483647",
            ("total", "8"): "'8' is no amount; write a whole number from 1 to 2147483647",
            ("reserved", -1): "-1 is no amount; write a whole number from 0 to 2147483647",
            ("min_unit", 0): "0 is no amount; write a whole number from 1 to 2147483647",
            ("allocation_ratio", 0): "0 is no ratio; write a number above 0",
            ("allocation_ratio", float("nan")): "nan is no ratio; write a number above 0",
            ("allocation_ratio", float("inf")): "inf is no ratio; write a number above 0",
            ("allocation_ratio", 1e39): "1e+39 is no ratio; write a number above 0",
            ("allocation_ratio", "2"): "'2' is no ratio; write a number above 0",
        }.items():
            key, value = part
            with self.subTest(part):
                self.bad_root(
                    f"providers[0].inventories.VCPU.{key}: {shown}",
                    inventories={"VCPU": {"total": 8, key: value}},
                )

    def test_other_forms(self) -> None:
        place = "providers[0].inventories"
        self.bad_root(
            f"{place}: a list is no map; write an inventory for each class", inventories=[1]
        )
        self.bad_root(f"{place}.VCPU: it has no total; write total: 8", inventories={"VCPU": 8})
        self.bad_root(
            f"{place}.VCPU: it has no such part as 'sum'; "
            "write total, reserved, min_unit, max_unit, step_size or allocation_ratio",
            inventories={"VCPU": {"total": 8, "sum": 8}},
        )
        self.bad_root(
            f"{place}.VCPU.reserved: it is more than the total; reserve less",
            inventories={"VCPU": {"total": 8, "reserved": 9}},
        )

    @given(JSON | st.dictionaries(st.just("VCPU"), JSON, min_size=1))
    def test_anything_is_taken_or_refused_in_one_line(self, anything: Any) -> None:
        try:
            host_validation.check(host(providers=[provider(inventories=anything)]), LIMITS)
        except errors.InvalidRequest as refused:
            self.assertTrue(str(refused).isprintable())


class TestTrees(HostCase):
    own = (
        "providers[0]: it is not the host's own provider; "
        "begin with one that has no parent and the host's compute_node_uuid"
    )

    def test_the_first_provider_is_the_hosts_own(self) -> None:
        self.refused(self.own, host(providers=[]))
        self.refused(self.own, host(providers=[provider(2, parent_uuid=None)]))
        self.refused(self.own, host(providers=[provider(parent_uuid=samples.uuid(9))]))

    def test_a_foreign_parent(self) -> None:
        for parent in (None, samples.uuid(9), samples.uuid(2), samples.uuid(3)):
            self.refused(
                "providers[1].parent_uuid: no provider before it has this uuid; "
                "name the host's own provider, or one that comes before",
                host(providers=[provider(), provider(2, parent_uuid=parent), provider(3)]),
            )

    def test_a_provider_twice(self) -> None:
        twice = "providers[1]: its uuid or its name stands twice; give each provider its own"
        self.refused(twice, host(providers=[provider(), provider(1, name="other")]))
        self.refused(twice, host(providers=[provider(), provider(2, name="provider-1")]))


class TestCounts(HostCase):
    def test_each_has_its_limit(self) -> None:
        traits = [f"CUSTOM_T{number}" for number in range(2)]
        classes = {f"CUSTOM_C{number}": {"total": 1} for number in range(2)}
        uuids = [samples.uuid(number) for number in range(2)]
        for field, limits, root in (
            ("traits", HostLimits(provider_traits=1), provider(traits=traits)),
            ("inventories", HostLimits(provider_classes=1), provider(inventories=classes)),
            ("aggregates", HostLimits(provider_aggregates=1), provider(aggregates=uuids)),
        ):
            self.refused(
                f"providers[0].{field}: 2 are too many; give at most 1",
                host(providers=[root]),
                limits,
            )
        self.refused(
            "providers: 2 are too many; give at most 1",
            host(providers=[provider(), provider(2)]),
            HostLimits(providers=1),
        )
