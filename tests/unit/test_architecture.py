"""What must hold for the tree as a whole, whatever the code in it does."""

import ast
import importlib.metadata
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import testtools

ROOT = Path(__file__).resolve().parents[2]
UNSHIPPED = ("tests", "benchmarks", "examples", "tools")
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as main; main()"


def from_setup(wanted: str) -> Any:
    """Return what setup.py assigns to a name, without running it."""
    for statement in ast.parse((ROOT / "setup.py").read_text()).body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name == wanted:
                return ast.literal_eval(value)
    raise LookupError(f"setup.py assigns no {wanted}")


def python_files(*names: str) -> list[Path]:
    return sorted(path for name in names for path in (ROOT / name).rglob("*.py"))


def imported_modules(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the absolute name of every module that is imported."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module


def uses_of_global_options(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that touch oslo.config's process-wide CONF."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="cfg") | ast.Attribute(attr="cfg"), attr="CONF"):
                yield node.lineno
            case ast.ImportFrom(module="oslo_config.cfg", names=names):
                if any(alias.name in {"CONF", "*"} for alias in names):
                    yield node.lineno


def bare_excepts(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno


class SourceTest(testtools.TestCase):
    """Read every file that is ours."""

    def setUp(self) -> None:
        super().setUp()
        self.folders = from_setup("FOLDERS")
        self.trees = {
            path.relative_to(ROOT): ast.parse(path.read_text(), str(path))
            for path in python_files(*self.folders, *UNSHIPPED)
        }

    def test_no_folder_is_imported_under_its_bare_name(self) -> None:
        found = [
            f"{path}:{line}: import understudy.{module} instead of {module}"
            for path, tree in self.trees.items()
            for line, module in imported_modules(tree)
            if module.partition(".")[0] in self.folders
        ]
        self.assertEqual([], found)

    def test_only_the_command_line_touches_the_global_options(self) -> None:
        found = [
            f"{path}:{line}: take a ConfigOpts or plain values instead of cfg.CONF"
            for path, tree in self.trees.items()
            if path.parts[0] != "cli"
            for line in uses_of_global_options(tree)
        ]
        self.assertEqual([], found)

    def test_every_except_says_what_it_catches(self) -> None:
        found = [
            f"{path}:{line}: bare except"
            for path, tree in self.trees.items()
            for line in bare_excepts(tree)
        ]
        self.assertEqual([], found)


class GuardTest(testtools.TestCase):
    """The guards above see what they are there for."""

    def test_bare_names_are_seen(self) -> None:
        tree = ast.parse("import objects.fields\nfrom cells import x\nfrom . import cli")
        self.assertEqual([(1, "objects.fields"), (2, "cells")], list(imported_modules(tree)))

    def test_global_options_are_seen(self) -> None:
        tree = ast.parse(
            "from oslo_config.cfg import CONF\n"
            "cfg.CONF.debug\n"
            "oslo_config.cfg.CONF()\n"
            "self.CONF.debug\n"
        )
        self.assertEqual([1, 2, 3], sorted(uses_of_global_options(tree)))

    def test_bare_excepts_are_seen(self) -> None:
        tree = ast.parse("try: ...\nexcept: ...\ntry: ...\nexcept ValueError: ...")
        self.assertEqual([2], list(bare_excepts(tree)))


class FoldersTest(testtools.TestCase):
    """setup.py, the symlinks and the tools' configuration speak of the same folders."""

    def setUp(self) -> None:
        super().setUp()
        self.folders = from_setup("FOLDERS")
        self.tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]

    def test_each_has_a_link_for_mypy(self) -> None:
        links = {link.name: link.resolve() for link in (ROOT / ".typing/understudy").iterdir()}
        self.assertEqual({folder: ROOT / folder for folder in self.folders}, links)

    def test_each_is_under_the_import_contracts(self) -> None:
        self.assertEqual(
            {f"understudy.{folder}" for folder in self.folders},
            set(self.tools["importlinter"]["root_packages"]),
        )

    def test_each_is_measured_for_coverage(self) -> None:
        self.assertEqual(set(self.folders), set(self.tools["coverage"]["run"]["source"]))

    def test_each_is_a_typed_package(self) -> None:
        missing = [
            f"{folder}/{name}"
            for folder in self.folders
            for name in ("__init__.py", "py.typed")
            if not (ROOT / folder / name).is_file()
        ]
        self.assertEqual([], missing)

    def test_every_test_is_in_a_package(self) -> None:
        """Discovery passes by a folder without `__init__.py`, and says nothing."""
        missed = {
            str(path.parent.relative_to(ROOT))
            for path in python_files("tests")
            if not (path.parent / "__init__.py").is_file()
        }
        self.assertEqual(set(), missed)

    def test_none_has_the_name_of_another_module(self) -> None:
        taken = set(sys.stdlib_module_names) | set(importlib.metadata.packages_distributions())
        self.assertEqual(set(), taken & set(self.folders))


class ContractsTest(testtools.TestCase):
    """import-linter's contracts hold."""

    def test_imports_keep_to_the_floors(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", LINT_IMPORTS, "--no-cache", "--no-logo"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT / ".typing")},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class EntryPointsTest(testtools.TestCase):
    """What setup.py announces is there, however old the installed metadata is."""

    def test_each_loads(self) -> None:
        missing = []
        for group, lines in from_setup("ENTRY_POINTS").items():
            for line in lines:
                name, value = line.split(" = ")
                try:
                    importlib.metadata.EntryPoint(name, value, group).load()
                except (ImportError, AttributeError) as error:
                    missing.append(f"[{group}] {line}: {error}")
        self.assertEqual([], missing)
