"""Why an attempt failed, and who is to blame."""

from __future__ import annotations

import re
from typing import Final

from oslo_versionedobjects import fields

from understudy.objects import base, errors, text
from understudy.objects import fields as our_fields

MAX_CODE: Final = 255
MAX_MESSAGE: Final = 2000
"""Characters of a fault that are kept."""

_NOT_IN_CODE: Final = re.compile(r"[^a-z0-9._-]")


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


def bounded(fault: Fault) -> Fault:
    """Return a fault as it may be kept and shown, whoever wrote it.

    Its code is a short word, its message one line that was cut. Raises
    InvalidRequest where it says neither what is wrong nor who is to blame.
    """
    for field in ("code", "blames"):
        if not fault.obj_attr_is_set(field):
            raise errors.InvalidRequest(f"fault.{field}", "it is missing", "write it down")
    kept: Fault = fault.obj_clone()
    # A clone has its class's version, whatever its original had.
    kept.VERSION = fault.VERSION
    kept.code = _NOT_IN_CODE.sub("-", fault.code[:MAX_CODE].lower()) or "unknown"
    kept.message = text.printable(fault.message, MAX_MESSAGE)
    return kept
