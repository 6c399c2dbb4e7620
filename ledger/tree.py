"""The tree that a host reports, held against itself and its bounds.

Whatever stands in it came from the host: none of it is believed before it has
passed here. Nothing is asked of Placement, so a tree that is refused here has
left no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from understudy.ledger import cell_trait, errors
from understudy.objects import host_validation, text
from understudy.objects.errors import InvalidRequest
from understudy.objects.host import Provider
from understudy.objects.limits import HostLimits

MAX_AGGREGATES: Final = 256
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class TreeBounds:
    """How large a host's tree may be: providers, and names at each provider."""

    providers: int = 256
    traits: int = 256
    classes: int = 64

    def limits(self) -> HostLimits:
        """Return them as what a host may say of itself."""
        return HostLimits(
            providers=self.providers,
            provider_traits=self.traits,
            provider_classes=self.classes,
            provider_aggregates=MAX_AGGREGATES,
        )


def check(providers: Sequence[Provider], bounds: TreeBounds) -> None:
    """Raise TreeRefused unless this is one whole tree, root first, within its bounds."""
    if not providers:
        raise errors.TreeRefused("a host without a name", "it has no root provider")
    host, limits = shown(providers[0].name), bounds.limits()
    try:
        host_validation.check_tree(providers, providers[0].uuid, limits)
    except InvalidRequest as error:
        raise errors.TreeRefused(host, f"{error.field}: {error.problem}") from error
    for provider in providers:
        for name in (*provider.traits, *provider.inventories):
            if name.startswith(cell_trait.RESERVED):
                raise errors.TreeRefused(
                    host,
                    f"{name} at {shown(provider.name)}: what begins with {cell_trait.RESERVED} "
                    "is not a host's",
                )


def shown(said: str) -> str:
    """Return what a host said, fit for one line."""
    return text.printable(said, _SHOWN)
