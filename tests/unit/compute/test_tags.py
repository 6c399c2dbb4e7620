from __future__ import annotations

import re
from typing import Any

import testtools
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.compute.scene import VM
from understudy.compute.tags import Tag, checked
from understudy.objects.errors import InvalidRequest
from understudy.objects.text import shown

NO_UUIDS: tuple[Any, ...] = (
    "../../etc",
    "/",
    "..",
    ".",
    "",
    "/etc/passwd",
    f"{VM}/..",
    f"../{VM}",
    f"{VM}\n",
    f" {VM}",
    VM.replace("1", "a").upper(),
    VM.replace("1", "\u0661"),
    VM.replace("-", ""),
    f"{{{VM}}}",
    f"urn:uuid:{VM}",
    VM.encode(),
    None,
    7,
    [VM],
    {"uuid": VM},
)
NO_ATTEMPTS: tuple[Any, ...] = (
    "1",
    "1/../../..",
    "\u0661",
    "",
    None,
    True,
    False,
    1.0,
    float("nan"),
    0,
    -1,
    2**31,
    10**100,
    [1],
    {},
)
"""What is sent in place of an attempt's number by whoever means harm."""


class TagTest(testtools.TestCase):
    """Only a name, a canonical uuid and a number from 1 make a tag."""

    @given(st.text(min_size=1), st.uuids(), st.integers(1, 2**31 - 1))
    def test_what_is_one(self, host: str, uuid: object, attempt: int) -> None:
        self.assertEqual(Tag(host, str(uuid), attempt), checked(host, str(uuid), attempt))

    def test_what_is_no_uuid(self) -> None:
        for uuid in NO_UUIDS:
            error = self.assertRaises(InvalidRequest, checked, "host", uuid, 1)
            self.assertEqual("instance_uuid", error.field)

    def test_what_is_no_attempt(self) -> None:
        for attempt in NO_ATTEMPTS:
            error = self.assertRaises(InvalidRequest, checked, "host", VM, attempt)
            self.assertEqual("attempt", error.field)

    def test_what_is_no_host(self) -> None:
        for host in ("", None, 1, b"host", ["host"]):
            error = self.assertRaises(InvalidRequest, checked, host, VM, 1)
            self.assertEqual("host", error.field)

    @given(st.one_of(st.text(), st.binary(), st.integers(), st.lists(st.text())))
    def test_what_is_shown_is_short_and_does_nothing_to_a_terminal(self, sent: object) -> None:
        self.assertTrue(re.fullmatch("[ -~]{0,63}", shown(sent)))
