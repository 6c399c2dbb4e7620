"""A kernel of a hundred bytes: it says a word on the serial port, and halts."""

from __future__ import annotations

import struct
from typing import Final

WORD: Final = "up\n"
_BASE: Final = 0x100000
_HEADERS: Final = 64 + 2 * 56
_PHYS32_ENTRY: Final = 18


def kernel() -> bytes:
    """Return an ELF file for x86-64 with a PVH entry.

    The note that names the entry is in Xen's public/elfnote.h; code begins in
    32-bit protected mode (Xen's docs/misc/pvh.pandoc).
    """
    entry = _BASE + _HEADERS + 20
    note = struct.pack("<III4sI", 4, 4, _PHYS32_ENTRY, b"Xen\0", entry)
    body = note + _code()
    elf = struct.pack(
        "<16sHHIQQQIHHHHHH",
        *(b"\x7fELF\x02\x01\x01", 2, 62, 1, entry, 64, 0, 0, 64, 56, 2, 0, 0, 0),
    )
    size = _HEADERS + len(body)
    loaded = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 4096)
    notes = _BASE + _HEADERS
    noted = struct.pack("<IIQQQQQQ", 4, 4, _HEADERS, notes, notes, len(note), len(note), 4)
    return elf + loaded + noted + body


def _code() -> bytes:
    """Write each letter to the port 0x3f8, then halt for good."""
    said = b"".join(b"\xb0" + bytes([letter]) + b"\xee" for letter in WORD.encode())
    disable_interrupts, port, halt = b"\xfa", b"\x66\xba\xf8\x03", b"\xf4\xeb\xfd"
    return disable_interrupts + port + said + halt
