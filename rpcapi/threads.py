"""Make the libraries below us use real threads, before any of them is imported.

oslo.messaging imports oslo.service, which picks eventlet at import unless a
backend was chosen, and futurist imports eventlet wherever it is installed.
"""

from __future__ import annotations

import sys

from oslo_service import backend


def use_threads() -> None:
    """Choose threads for this process, and keep eventlet out of it.

    Call it first in every main(), before anything else of ours is imported;
    calling it again does nothing. Raises BackendAlreadySelected if someone
    chose eventlet before.
    """
    # An import of eventlet now raises ImportError, for which all who try it are prepared.
    sys.modules.setdefault("eventlet", None)  # type: ignore[arg-type]
    backend.init_backend(backend.BackendType.THREADING)
