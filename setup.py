"""Map each folder at the root to one subpackage of the understudy namespace."""

import setuptools

FOLDERS = (
    "objects",
    "rpcapi",
    "ledger",
    "cells",
    "scheduler",
    "conductor",
    "compute",
    "cli",
)


def packages() -> list[str]:
    """Return every package to ship: each folder and the packages below it."""
    found: list[str] = []
    for folder in FOLDERS:
        found.append(f"understudy.{folder}")
        found += [f"understudy.{folder}.{sub}" for sub in setuptools.find_packages(folder)]
    return found


setuptools.setup(
    packages=packages(),
    package_dir={f"understudy.{folder}": folder for folder in FOLDERS},
)
