"""libvirt-python: loaded only when it is needed, for it is an extra, and asked why a call failed.

An exception of libvirt-python finds its code when it is made, in what libvirt
keeps of the last error of the thread. If Python collects garbage just before,
and there is an object of libvirt's in it, then freeing that resets the last
error, and the exception has no code. libvirt's error handler has heard the
code by then, so we remember it from there.
"""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Sequence
from typing import Any

from understudy.objects.errors import UnderstudyError


class LibvirtMissing(UnderstudyError):
    """libvirt-python is not installed."""

    def __init__(self, reason: str) -> None:
        """Keep what the import said."""
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        """Say how to get it."""
        return (
            f"the driver `libvirt` needs libvirt-python ({self.reason}); install what "
            "`bindep libvirt` lists (libvirt-dev, pkg-config and gcc on Debian), then run: "
            "pip install 'understudy[libvirt]'"
        )


def load_library() -> Any:
    """Return the module libvirt, or raise LibvirtMissing."""
    try:
        library = importlib.import_module("libvirt")
    except ImportError as error:
        raise LibvirtMissing(str(error)) from None
    # Without this libvirt prints every error, those that we expect too.
    library.registerErrorHandler(_listen, _heard())
    return library


def error_code(error: Any) -> int | None:
    """Return libvirt's number of what went wrong in this thread just now (VIR_ERR_...)."""
    code: int | None = error.get_error_code()
    return _heard().code if code is None else code


class _Heard(threading.local):
    """The code of the last error of each thread."""

    code: int | None = None


@functools.cache
def _heard() -> _Heard:
    """Return what was heard: libvirt has one error handler for the whole process."""
    return _Heard()


def _listen(heard: _Heard, error: Sequence[Any]) -> None:
    """Remember the code; each error is raised as well."""
    heard.code = error[0]
