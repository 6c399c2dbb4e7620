"""Load filters and weighers by the names that operators write.

Each is an entry point that makes the filter or weigher when it is called
without arguments. A name that does not load ends the start of the service: a
scheduler without one of its filters would choose hosts that nobody allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stevedore import extension, named

from understudy.objects.errors import UnderstudyError
from understudy.scheduler import filters, weighers
from understudy.scheduler.filters import Filter
from understudy.scheduler.ranking import Weighted


class PluginNotLoaded(UnderstudyError):
    """There is no entry point of this name, or it cannot be loaded."""

    def __init__(self, group: str, names: str, detail: str) -> None:
        """Keep where it was looked for, what, and what went wrong."""
        super().__init__(group, names, detail)
        self.group = group
        self.names = names
        self.detail = detail

    def __str__(self) -> str:
        """Say what to check."""
        return (
            f"{self.names} of {self.group} cannot be loaded: {self.detail}; "
            "correct the name, or install what provides it"
        )


def load_filters(extra: Sequence[str]) -> list[Filter]:
    """Return the filters that heed the request, then the operator's own in their order."""
    names = dict.fromkeys([*filters.REQUEST_FILTERS, *extra])
    return filters_of(_manager(filters.NAMESPACE, list(names)))


def load_weighers(multipliers: Mapping[str, float]) -> list[Weighted]:
    """Return the weighers named, each with its multiplier; 0 leaves one out."""
    used = {name: factor for name, factor in multipliers.items() if factor}
    return weighers_of(_manager(weighers.NAMESPACE, list(used)), used)


def filters_of(manager: named.NamedExtensionManager[Any]) -> list[Filter]:
    """Return the filters that a manager has loaded."""
    return [_made(each) for each in manager]


def weighers_of(
    manager: named.NamedExtensionManager[Any], multipliers: Mapping[str, float]
) -> list[Weighted]:
    """Return the weighers that a manager has loaded, with their multipliers."""
    return [Weighted(_made(each), multipliers[each.name]) for each in manager]


def _made(loaded: extension.Extension[Any]) -> Any:
    """Return the object that the entry point made."""
    return loaded.obj


def _manager(group: str, names: Sequence[str]) -> named.NamedExtensionManager[Any]:
    def missing(absent: Iterable[str]) -> None:
        raise PluginNotLoaded(group, ", ".join(sorted(absent)), "no entry point of that name")

    def broken(_manager: object, entry_point: Any, error: BaseException) -> None:
        raise PluginNotLoaded(group, entry_point.name, str(error)) from error

    return named.NamedExtensionManager(
        group,
        names=list(names),
        invoke_on_load=True,
        name_order=True,
        on_missing_entrypoints_callback=missing,
        on_load_failure_callback=broken,
    )
