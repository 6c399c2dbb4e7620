"""Read YAML, and say where it is wrong; a key that stands twice is wrong.

Plain YAML lets the second of two equal keys win in silence, and with it the
second of two hosts or cells.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from understudy.cli.bad_input import BadInput
from understudy.cli.inputs import files
from understudy.objects import text

LARGEST = 16 * 2**20
"""Bytes of a YAML file, which takes far longer to read than a table."""


class _Loader(yaml.SafeLoader):
    """Plain data only, with every key once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the map, unless a key stands twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {text.excerpt(key.value)} stands twice", key.start_mark
                )
            if isinstance(key.value, str):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(path: Path) -> object:
    """Return the plain data in the file, or raise BadInput."""
    try:
        return yaml.load(files.read_text(path, LARGEST), Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is no YAML"
        raise BadInput(f"{path}{line}", "", problem, "mend the YAML there") from None
    except (ValueError, RecursionError) as error:
        # PyYAML lets dates that do not exist, and nesting without end, through to Python.
        raise BadInput(
            str(path), "", f"it is no YAML: {text.printable(str(error), 200)}", "mend the YAML"
        ) from None
