"""What the simulated Placement finds: candidates, providers, names."""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass, field
from typing import Any, Final

from tests.chaos.simulated.placement_answers import Answer, Fault, Request
from tests.chaos.simulated.placement_providers import shown
from tests.fakes import ledger_candidates, ledger_providers
from tests.fakes.ledger_providers import FakeProvider
from tests.fakes.ledger_store import Store
from understudy.ledger.candidate_query import DISABLED

_GROUPED: Final = re.compile(r"(resources|required|member_of)(_?[A-Za-z0-9_-]*)")
_BAD_VALUE: Final = "placement.query.bad_value"
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"

Query = tuple[tuple[str, str], ...]


class SimulatedSearch:
    """Candidates as far as our queries use them, and the lists."""

    def __init__(self, store: Store, classes: set[str], traits: set[str]) -> None:
        """Know these names of resource classes and traits."""
        self._store = store
        self._classes = classes
        self._traits = traits

    def candidates(self, request: Request) -> Answer:
        """GET /allocation_candidates."""
        limit = int(dict(request.query).get("limit", 1000))
        asked, classes, traits = _asked(request.query)
        self._check(classes, traits)
        providers = self._store.providers
        found = list(itertools.islice(ledger_candidates.ways(providers, asked), limit))
        summaries = {
            provider.uuid: _summary(provider)
            for provider in ledger_candidates.touched(providers, {way.root for way in found})
        }
        return Answer.ok(
            {
                "allocation_requests": [
                    {"allocations": way.allocations, "mappings": way.mappings} for way in found
                ],
                "provider_summaries": summaries,
            }
        )

    def providers(self, request: Request) -> Answer:
        """GET /resource_providers, all or by uuid, name, tree or room for resources."""
        providers = self._store.providers
        found = list(providers.values())
        for key, value in request.query:
            match key:
                case "uuid":
                    found = [one for one in found if one.uuid == value]
                case "name":
                    found = [one for one in found if one.name == value]
                case "in_tree":
                    root = providers[value].root if value in providers else _NOBODY
                    tree = {one.uuid for one in ledger_providers.tree(providers, root)}
                    found = [one for one in found if one.uuid in tree]
                case "resources":
                    amounts = _amounts(value)
                    self._check(frozenset(amounts), frozenset())
                    found = [one for one in found if _fits(one, amounts)]
                case _:
                    raise NotImplementedError(f"GET /resource_providers?{key}={value}")
        return Answer.ok({"resource_providers": [shown(one) for one in found]})

    def classes(self, request: Request) -> Answer:
        """GET /resource_classes."""
        return Answer.ok({"resource_classes": [{"name": name} for name in sorted(self._classes)]})

    def traits(self, request: Request) -> Answer:
        """GET /traits?name=in:... or startswith:..."""
        [(key, value)] = request.query
        way, _, asked = value.partition(":")
        match key, way:
            case "name", "in":
                found = self._traits.intersection(asked.split(","))
            case "name", "startswith":
                found = {name for name in self._traits if name.startswith(asked)}
            case _:
                raise NotImplementedError(f"GET /traits?{key}={value}")
        return Answer.ok({"traits": sorted(found)})

    def learn_class(self, request: Request) -> Answer:
        """PUT /resource_classes/{name}."""
        return _learn(self._classes, request.path[1])

    def learn_trait(self, request: Request) -> Answer:
        """PUT /traits/{name}."""
        return _learn(self._traits, request.path[1])

    def forget_class(self, request: Request) -> Answer:
        """DELETE /resource_classes/{name}."""
        providers = self._store.providers.values()
        in_use = any(request.path[1] in one.inventories for one in providers)
        return _forget(self._classes, request.path[1], in_use)

    def forget_trait(self, request: Request) -> Answer:
        """DELETE /traits/{name}."""
        providers = self._store.providers.values()
        in_use = any(request.path[1] in one.traits for one in providers)
        return _forget(self._traits, request.path[1], in_use)

    def _check(self, classes: frozenset[str], traits: frozenset[str]) -> None:
        if unknown := (classes - self._classes) | (traits - self._traits):
            raise Fault(400, f"no such name: {sorted(unknown)}", _BAD_VALUE)


def _learn(known: set[str], name: str) -> Answer:
    if not name.startswith("CUSTOM_"):
        raise Fault(400, f"{name} is no custom name")
    if name in known:
        return Answer.done()
    known.add(name)
    return Answer.created()


def _forget(known: set[str], name: str, in_use: bool) -> Answer:
    if name not in known:
        raise Fault(404, f"no such name: {name}")
    if not name.startswith("CUSTOM_"):
        raise Fault(400, f"{name} is no custom name")
    if in_use:
        raise Fault(409, f"{name} is in use")
    known.remove(name)
    return Answer.done()


def _fits(provider: FakeProvider, amounts: dict[str, int]) -> bool:
    return all(provider.fits(name, amount) for name, amount in amounts.items())


def _summary(provider: FakeProvider) -> dict[str, Any]:
    return {
        "resources": {
            name: {"capacity": provider.capacity(name), "used": provider.used.get(name, 0)}
            for name in provider.inventories
        },
        "traits": sorted(provider.traits),
        "parent_provider_uuid": provider.parent,
        "root_provider_uuid": provider.root,
    }


def _amounts(text: str) -> dict[str, int]:
    pairs = (part.split(":") for part in text.split(","))
    return {name: int(amount) for name, amount in pairs}


@dataclass
class _Group:
    """What the query says of one group."""

    suffix: str = ""
    resources: dict[str, int] = field(default_factory=dict)
    required_traits: list[str] = field(default_factory=list)
    forbidden_traits: list[str] = field(default_factory=list)
    any_traits: list[list[str]] = field(default_factory=list)
    aggregates: list[str] = field(default_factory=list)

    def add(self, key: str, value: str) -> None:
        match key:
            case "resources":
                self.resources = _amounts(value)
            case "member_of":
                if self.aggregates or not value.startswith("in:"):
                    raise NotImplementedError(f"member_of={value}")
                self.aggregates = value.removeprefix("in:").split(",")
            case _:
                self.require(value)

    def require(self, value: str) -> None:
        if value.startswith("in:"):
            self.any_traits.append(value.removeprefix("in:").split(","))
            return
        for trait in value.split(","):
            if trait.startswith("!"):
                self.forbidden_traits.append(trait[1:])
            else:
                self.required_traits.append(trait)

    def traits(self) -> set[str]:
        one_of = itertools.chain(*self.any_traits)
        return {*self.required_traits, *self.forbidden_traits, *one_of}


@dataclass
class _Asked(_Group):
    """The unnumbered group, and all others with it."""

    groups: list[_Group] = field(default_factory=list)
    group_policy: str | None = None
    same_subtree: list[list[str]] = field(default_factory=list)

    def group(self, suffix: str) -> _Group:
        if not suffix:
            return self
        for group in self.groups:
            if group.suffix == suffix:
                return group
        self.groups.append(_Group(suffix))
        return self.groups[-1]

    @property
    def class_names(self) -> frozenset[str]:
        return frozenset(itertools.chain(*(one.resources for one in (self, *self.groups))))

    @property
    def trait_names(self) -> frozenset[str]:
        return frozenset(itertools.chain(*(one.traits() for one in (self, *self.groups))))


@functools.lru_cache(maxsize=1024)
def _asked(query: Query) -> tuple[_Asked, frozenset[str], frozenset[str]]:
    """Return what the query asks for, the classes and the traits that it names."""
    asked, root = _Asked(), _Group()
    for key, value in query:
        grouped = _GROUPED.fullmatch(key)
        if grouped:
            asked.group(grouped[2]).add(grouped[1], value)
        elif key == "root_required":
            root.require(value)
        elif key == "same_subtree":
            asked.same_subtree.append(value.split(","))
        elif key == "group_policy":
            asked.group_policy = value
        elif key != "limit":
            raise NotImplementedError(f"GET /allocation_candidates?{key}={value}")
    _on_root(asked, root)
    return asked, asked.class_names, asked.trait_names


def _on_root(asked: _Asked, root: _Group) -> None:
    """Give what is asked of the root to the unnumbered group, where `ways` looks for it."""
    if DISABLED not in root.forbidden_traits:
        raise NotImplementedError(f"candidates that may be {DISABLED}")
    root.forbidden_traits.remove(DISABLED)
    if not root.traits():
        return
    if asked.resources or asked.traits() or root.any_traits:
        raise NotImplementedError("root_required of a request with unnumbered resources")
    asked.required_traits = root.required_traits
    asked.forbidden_traits = root.forbidden_traits
