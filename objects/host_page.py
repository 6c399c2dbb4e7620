"""The hosts of all cells, as far as the cells answered."""

from __future__ import annotations

from oslo_versionedobjects import fields

from understudy.objects import base
from understudy.objects.host import Host


@base.Registry.register
class HostPage(base.UnderstudyObject):
    """Hosts without their providers.

    `cells_unanswered` names the cells whose hosts are missing from it.
    """

    # 1.0: first version
    # 1.1: Host 1.1
    VERSION = "1.1"

    fields = {
        "hosts": fields.ListOfObjectsField("Host", default=[]),
        "cells_unanswered": fields.ListOfStringsField(default=[]),
    }

    hosts: list[Host]
    cells_unanswered: list[str]
