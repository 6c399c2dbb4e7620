"""See that this process's group has a leader.

oslo.messaging's queue manager tells one run of a service from the next by the
leader of its process group, and fails where that has ended: started in the
background of a shell that is gone, for one.
"""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def lead() -> None:
    """Make this process the leader of a group of its own if its group has none.

    For the master, before it forks: its workers must share its group.
    """
    if _PROC.is_dir() and not (_PROC / str(os.getpgrp())).exists():
        os.setpgid(0, 0)
