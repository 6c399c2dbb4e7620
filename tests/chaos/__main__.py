"""Run worlds: `python -m tests.chaos --seeds 1000`."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Hand over to the runner, in a process whose hashes are the same each time."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.chaos", *sys.argv[1:]])
    from understudy.rpcapi.threads import use_threads

    use_threads()
    from tests.chaos.runner import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
