"""What the client asks for: how many instances, of what, where, and whose."""

from __future__ import annotations

from oslo_versionedobjects import fields

from understudy.objects import base
from understudy.objects import fields as our_fields


@base.Registry.register
class ResourceGroup(base.UnderstudyObject):
    """Resources that must come from one provider each: a numbered request group.

    `suffix` is the group's name in Placement's terms ("_GPU0"): 1 to 64
    letters, digits, "_" or "-". A group may ask for traits or aggregates only,
    if a `same_subtree` of the request names it.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "suffix": fields.StringField(),
        "resources": our_fields.AmountsField(default={}),
        "required_traits": fields.ListOfStringsField(default=[]),
        "forbidden_traits": fields.ListOfStringsField(default=[]),
        # Each inner list: any one of these.
        "any_traits": fields.ListOfListsOfStringsField(default=[]),
        "aggregates": fields.ListOfStringsField(default=[]),
    }

    suffix: str
    resources: dict[str, int]
    required_traits: list[str]
    forbidden_traits: list[str]
    any_traits: list[list[str]]
    aggregates: list[str]


@base.Registry.register
class Affinity(base.UnderstudyObject):
    """The affinity or anti-affinity group that the instances belong to.

    `hosts` are those that hold members already; the super conductor fills it in
    for the scheduler, a client leaves it empty.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "group_uuid": fields.UUIDField(),
        "policy": fields.EnumField(our_fields.AffinityPolicy.ALL),
        "hosts": fields.ListOfStringsField(default=[]),
    }

    group_uuid: str
    policy: str
    hosts: list[str]


@base.Registry.register
class BuildRequest(base.UnderstudyObject):
    """N equal instances, asked for under an id that the client may choose.

    `resources`, the traits and `aggregates` are the unnumbered group: taken
    from the host's own tree. `aggregates`: in any one of them. `same_subtree`:
    lists of group suffixes whose providers share an ancestor. `ignore_cells`: the
    uuids of cells that are not to be chosen. `max_attempts`,
    `spare_alternates`, `max_cells` and `deadline_seconds` left None mean the
    conductor's options. `parameters` go to the build driver untouched.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "request_id": fields.UUIDField(),
        "name": fields.StringField(default="instance"),
        "count": our_fields.AmountField(default=1),
        "resources": our_fields.AmountsField(default={}),
        "required_traits": fields.ListOfStringsField(default=[]),
        "forbidden_traits": fields.ListOfStringsField(default=[]),
        "any_traits": fields.ListOfListsOfStringsField(default=[]),
        "aggregates": fields.ListOfStringsField(default=[]),
        "groups": fields.ListOfObjectsField("ResourceGroup", default=[]),
        "group_policy": fields.EnumField(
            our_fields.GroupPolicy.ALL, nullable=True, default=our_fields.NONE
        ),
        "same_subtree": fields.ListOfListsOfStringsField(default=[]),
        "max_attempts": our_fields.AmountField(nullable=True, default=our_fields.NONE),
        "spare_alternates": our_fields.AmountField(nullable=True, default=our_fields.NONE),
        "max_cells": our_fields.AmountField(nullable=True, default=our_fields.NONE),
        "deadline_seconds": our_fields.AmountField(nullable=True, default=our_fields.NONE),
        "affinity": fields.ObjectField("Affinity", nullable=True, default=our_fields.NONE),
        "ignore_hosts": fields.ListOfStringsField(default=[]),
        "only_hosts": fields.ListOfStringsField(default=[]),
        "ignore_cells": fields.ListOfUUIDField(default=[]),
        "availability_zone": fields.StringField(nullable=True, default=our_fields.NONE),
        "project_id": fields.StringField(),
        "user_id": fields.StringField(),
        "consumer_type": fields.StringField(nullable=True, default=our_fields.NONE),
        "image": fields.StringField(nullable=True, default=our_fields.NONE),
        "parameters": fields.DictOfStringsField(default={}),
    }

    request_id: str
    name: str
    count: int
    resources: dict[str, int]
    required_traits: list[str]
    forbidden_traits: list[str]
    any_traits: list[list[str]]
    aggregates: list[str]
    groups: list[ResourceGroup]
    group_policy: str | None
    same_subtree: list[list[str]]
    max_attempts: int | None
    spare_alternates: int | None
    max_cells: int | None
    deadline_seconds: int | None
    affinity: Affinity | None
    ignore_hosts: list[str]
    only_hosts: list[str]
    ignore_cells: list[str]
    availability_zone: str | None
    project_id: str
    user_id: str
    consumer_type: str | None
    image: str | None
    parameters: dict[str, str]
