"""Why an attempt failed, and who is to blame."""

from __future__ import annotations

from oslo_versionedobjects import fields

from understudy.objects import base
from understudy.objects import fields as our_fields


@base.Registry.register
class Fault(base.UnderstudyObject):
    """One fault: a code for programs, a message for people, and the blame.

    A fault that blames the host moves the build to an alternate, one that
    blames the network does so too but does not count against the host, one
    that blames the request stops the build at once.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "code": fields.StringField(),
        "blames": fields.EnumField(our_fields.Blame.ALL),
        "message": fields.StringField(default=""),
    }

    code: str
    blames: str
    message: str

    @property
    def blames_request(self) -> bool:
        """Would it fail on every host?"""
        return self.blames == our_fields.Blame.REQUEST
