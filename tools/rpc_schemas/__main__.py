"""Write the schemas, the pages made from them and the captured messages anew.

`python -m tools.rpc_schemas` from the root of the repository.
"""

from __future__ import annotations

import sys

from understudy.rpcapi.threads import use_threads


def main() -> int:
    """Write every file, and remove those that are no more."""
    # Before oslo.messaging is imported, which the captures need.
    use_threads()
    from tools.rpc_schemas import files  # noqa: PLC0415

    for folder, texts in files.everything().items():
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            if path.name not in texts:
                path.unlink()
        for name, text in texts.items():
            (folder / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
