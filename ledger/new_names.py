"""Custom traits and resource classes that a host's tree brings along.

A name, once created, is seen by the whole cloud and stays: so what a host may
create is bounded, by how its names begin, by their number at one registration,
and by how many there are in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from understudy.ledger import errors, tree
from understudy.ledger.vocabulary import CUSTOM, PlacementVocabulary
from understudy.objects.host import Provider

CLASSES: Final = "resource_classes"
TRAITS: Final = "traits"

Names = Sequence[tuple[str, str]]
"""CLASSES or TRAITS, and a name."""


@dataclass(frozen=True, slots=True)
class NameBounds:
    """What names hosts may create.

    They begin with one of `creatable`; one registration creates `at_once` at
    most, and none where Placement would have more than `in_all` custom ones.
    """

    creatable: tuple[str, ...] = (CUSTOM,)
    at_once: int = 64
    in_all: int = 4096


class NewNames:
    """Which names Placement lacks for a tree, and whether a host may create them."""

    def __init__(self, vocabulary: PlacementVocabulary, bounds: NameBounds) -> None:
        """Ask `vocabulary`, which keeps what is known for a while."""
        self._vocabulary = vocabulary
        self._bounds = bounds

    def missing(self, providers: Sequence[Provider], own_trait: str) -> Names:
        """Return what is to be created first; `own_trait` is the conductor's, not the host's.

        Raises TreeRefused where the host may not create one.
        """
        classes = _distinct(name for provider in providers for name in provider.inventories)
        traits = _distinct(name for provider in providers for name in provider.traits)
        missing = [
            *((CLASSES, name) for name in self._vocabulary.unknown_resource_classes(classes)),
            *((TRAITS, name) for name in self._vocabulary.unknown_traits([*traits, own_trait])),
        ]
        self._check(tree.shown(providers[0].name), [n for _, n in missing if n != own_trait])
        return missing

    def learn(self, kind: str, name: str) -> None:
        """Take it as known: it was just created."""
        self._vocabulary.learn(**{kind: [name]})

    def forget(self) -> None:
        """Ask for every name again."""
        self._vocabulary.forget()

    def _check(self, host: str, names: Sequence[str]) -> None:
        for name in names:
            if not name.startswith(CUSTOM):
                detail = f"{name} is no name that it knows, and only {CUSTOM} ones can be created"
                raise errors.TreeRefused(host, detail)
            if not name.startswith(self._bounds.creatable):
                allowed = ", ".join(self._bounds.creatable) or "nothing"
                detail = f"{name} is new, and hosts may create {allowed} only; create it yourself"
                raise errors.TreeRefused(host, f"{detail}, or see [placement] creatable_names")
        if len(names) > self._bounds.at_once:
            detail = f"it brings {len(names)} new names, at most {self._bounds.at_once} may be"
            raise errors.TreeRefused(host, f"{detail}; see [placement] max_new_names")
        if names and self._vocabulary.custom_names() + len(names) > self._bounds.in_all:
            detail = f"with {len(names)} new names there would be more than {self._bounds.in_all}"
            raise errors.TreeRefused(host, f"{detail}; see [placement] max_custom_names")


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
