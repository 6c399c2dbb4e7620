"""Run a program as a unit of systemd confines it, where no systemd runs.

    python confined.py UNIT FOLDER:FOLDER COMMAND...

takes upon itself what the unit says of system calls, address families, memory,
capabilities and modes, makes the whole file system read-only but for the folders,
and becomes COMMAND. It needs root, Linux on x86-64, libseccomp and systemd-analyze.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

PROGRAMS: Final = ("systemd-analyze",)
LIBRARY: Final = "libseccomp.so.2"

_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_EQUAL: Final = 4
_EPERM: Final = 1
_ENOSYS: Final = 38

_SET_NO_NEW_PRIVS: Final = 38
_SET_MDWE: Final = 65
_CAPBSET_DROP: Final = 24
_LAST_CAPABILITY: Final = 40
_NEW_MOUNTS: Final = 0x00020000
_BIND: Final = 4096
_PRIVATE_AND_ALL_BELOW: Final = (1 << 18) | 16384
_MOUNT_SETATTR: Final = 442
_HERE: Final = -100
_RECURSIVE: Final = 0x8000
_READ_ONLY: Final = 1

_FAMILIES: Final = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _Argument(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def read(unit: Path) -> dict[str, list[str]]:
    """Return the directives of a unit's section [Service], each with all of its values."""
    said: dict[str, list[str]] = {}
    section = ""
    for line in unit.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            said.setdefault(name, []).append(value)
    return said


def groups() -> dict[str, list[str]]:
    """Return what systemd calls @NAME, by name."""
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True
    )
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in done.stdout.splitlines():
        if line.startswith("@"):
            current = found.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            current.append(line.strip())
    return found


def allowed(filters: Sequence[str], known: Mapping[str, list[str]]) -> set[str]:
    """Return the system calls that these values of SystemCallFilter= leave."""

    def expand(name: str) -> Iterator[str]:
        if not name.startswith("@"):
            yield name
            return
        for member in known[name]:
            yield from expand(member)

    calls: set[str] = set()
    for value in filters:
        for name in value.removeprefix("~").split():
            named = set(expand(name))
            calls = calls - named if value.startswith("~") else calls | named
    return calls


def confine(said: Mapping[str, list[str]], folders: Sequence[str], calls: set[str]) -> None:
    """Take upon this process what the unit says; children have it too."""
    os.umask(int(said["UMask"][-1], 8))
    if said["ProtectSystem"] == ["strict"]:
        _read_only_but(folders)
    if said["CapabilityBoundingSet"] == [""]:
        for capability in range(_LAST_CAPABILITY + 1):
            _check(_libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0), "dropping capabilities")
    _check(_libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    if said.get("MemoryDenyWriteExecute") == ["yes"]:
        _check(_libc.prctl(_SET_MDWE, 1, 0, 0, 0), "memory")
    families = said["RestrictAddressFamilies"][-1].split()
    _filter(calls, [_FAMILIES[name] for name in families])


def _read_only_but(folders: Sequence[str]) -> None:
    _check(_libc.unshare(_NEW_MOUNTS), "mounts")
    _check(_libc.mount(None, b"/", None, _PRIVATE_AND_ALL_BELOW, None), "mounts")
    for folder in folders:
        own = folder.encode()
        _check(_libc.mount(own, own, None, _BIND, None), folder)
    _set(b"/", _RECURSIVE, _Attributes(set=_READ_ONLY))
    for folder in (*folders, "/dev", "/proc", "/sys"):
        _set(folder.encode(), _RECURSIVE, _Attributes(clear=_READ_ONLY))


def _set(path: bytes, flags: int, attributes: _Attributes) -> None:
    size = ctypes.sizeof(attributes)
    done = _libc.syscall(
        _MOUNT_SETATTR, _HERE, path, flags, ctypes.byref(attributes), ctypes.c_size_t(size)
    )
    _check(done, path.decode())


def _filter(calls: set[str], families: Sequence[int]) -> None:
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    made = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ERRNO | _EPERM)))

    def rule(action: int, name: str, *arguments: Any) -> None:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            array = (_Argument * len(arguments))(*arguments)
            added = library.seccomp_rule_add_array(
                made, ctypes.c_uint32(action), number, len(arguments), array
            )
            if added != 0:
                raise OSError(-added, f"filtering {name}")

    # As RestrictNamespaces= has it: what it cannot look into is said not to be there.
    rule(_ERRNO | _ENOSYS, "clone3")
    for name in sorted(calls - {"clone3", "socket", "unshare", "setns"}):
        rule(_ALLOW, name)
    for family in families:
        rule(_ALLOW, "socket", _Argument(0, _EQUAL, family, 0))
    if library.seccomp_load(made) != 0:
        raise OSError("the filter of system calls was not taken")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    unit = read(Path(sys.argv[1]))
    confine(unit, sys.argv[2].split(":"), allowed(unit["SystemCallFilter"], groups()))
    os.execvp(sys.argv[3], sys.argv[3:])
