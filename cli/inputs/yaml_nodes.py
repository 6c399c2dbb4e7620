"""Hosts in our own YAML form: cells, the hosts in each, the devices in each host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from understudy.cli.inputs import names, providers, yaml_file
from understudy.cli.inputs.form import Form, shown
from understudy.objects.host import Host, Provider

_HOST_KEYS = (
    "name",
    "resources",
    "traits",
    "devices",
    "agent",
    "availability_zone",
    "failure_domain",
)
_DEVICE_KEYS = ("name", "count", "resources", "traits")
_INVENTORY_KEYS = ("total", "reserved", "min_unit", "max_unit", "step_size", "allocation_ratio")
_MAX_DEVICES = 256
_MAX_DEVICE_NAME = 40
_PLAIN = "write up to 63 letters, digits, '.', '_' or '-', and not just 'api'"


def read_nodes(path: Path) -> list[Host]:
    """Return the hosts of the file, in its order, each with its cell."""
    file = Form(str(path), "", yaml_file.load(path), ("cells",))
    cells = file.form("cells")
    hosts: list[Host] = []
    places: dict[str, str] = {}
    for cell in cells:
        if not names.is_plain(cell):
            raise cells.wrong(cell, "it cannot be a cell's name", _PLAIN)
        for place, item in cells.items(cell):
            form = Form(str(path), place, item, _HOST_KEYS)
            host = _host(form, cell)
            if host.name in places:
                raise form.wrong(
                    "name",
                    f"{host.name!r} is {places[host.name]} too",
                    "name each host once, in one cell",
                )
            places[host.name] = place
            hosts.append(host)
    return hosts


def _host(form: Form, cell: str) -> Host:
    name = form.text("name", names.MAX_NAME)
    if not names.is_host(name):
        raise form.wrong("name", f"{shown(name)} cannot be a host's name", names.HOST)
    root = providers.root(name, {}, _traits(form))
    root.inventories = _inventories(form)
    devices = [
        device
        for place, item in form.items("devices")
        for device in _devices(name, Form(form.file, place, item, _DEVICE_KEYS))
    ]
    given = [device.name for device in devices]
    for device in devices:
        if given.count(device.name) > 1:
            raise form.wrong("devices", f"{device.name!r} stands twice", "give each its own name")
    host = providers.host(name, [root, *devices], cell)
    host.agent = form.optional_text("agent") or ""
    if host.agent and not names.is_plain(host.agent):
        raise form.wrong("agent", f"{host.agent!r} cannot be an agent's name", _PLAIN)
    host.availability_zone = form.optional_text("availability_zone")
    host.failure_domain = form.optional_text("failure_domain")
    return host


def _devices(host: str, form: Form) -> Iterator[Provider]:
    name = form.text("name", _MAX_DEVICE_NAME)
    count = form.amount("count") if "count" in form else 1
    if count > _MAX_DEVICES:
        raise form.wrong("count", f"{count} is too many", f"write at most {_MAX_DEVICES}")
    inventories, traits = _inventories(form), _traits(form)
    for number in range(count):
        own = f"{name}{number}" if "count" in form else name
        yield Provider(
            uuid=providers.uuid_of("host", host, own),
            name=f"{host}/{own}",
            parent_uuid=providers.uuid_of("host", host),
            inventories=inventories,
            traits=traits,
        )


def _inventories(form: Form) -> dict[str, dict[str, float]]:
    resources = form.form("resources")
    found = {name: _inventory(resources, name) for name in resources}
    if not found:
        raise form.wrong("resources", "there are none", "name at least one resource class")
    for name in found:
        check_resource_class(resources, name)
    return found


def _inventory(resources: Form, name: str) -> dict[str, float]:
    if not isinstance(resources.raw(name), dict):
        return {"total": resources.amount(name)}
    form = resources.form(name, _INVENTORY_KEYS)
    inventory: dict[str, float] = {"total": form.amount("total")}
    for key in form:
        if key == "allocation_ratio":
            inventory[key] = form.number(key)
        elif key != "total":
            inventory[key] = form.amount(key, least=0 if key == "reserved" else 1)
    if inventory.get("reserved", 0) > inventory["total"]:
        raise form.wrong("reserved", "it is more than the total", "reserve less")
    return inventory


def check_resource_class(form: Form, name: str) -> None:
    """Raise BadInput unless this key is a standard class or a custom one."""
    if names.is_resource_class(name):
        return
    raise form.wrong(
        name,
        f"there is no resource class {name!r}",
        "write a standard one as VCPU, or one of your own as CUSTOM_...",
    )


def _traits(form: Form) -> list[str]:
    traits: list[str] = []
    for place, item in form.items("traits"):
        if not isinstance(item, str) or not names.is_trait(item):
            raise form.wrong(
                place.removeprefix(f"{form.place}."),
                f"there is no trait {shown(item)}",
                "write a standard one as HW_CPU_X86_AVX2, or one of your own as CUSTOM_...",
            )
        traits.append(item)
    return list(dict.fromkeys(traits))
