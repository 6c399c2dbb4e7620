"""What a caller may see, touch and ask for.

Pure. Whatever belongs to another project is not found, in the very words that
are used for what does not exist: nobody learns from an answer what others have.
Who may publish on the API level's bus may write any context, so this holds
clients to what they are only as far as whoever stands before the bus does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from understudy.objects.build_request import BuildRequest
from understudy.rpcapi import errors as wire
from understudy.rpcapi.context import RequestContext

PROJECT: Final = "project_id"
"""The filter of listings that says whose instances are wanted."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: somebody of a project, or an administrator, whose the whole cloud is."""

    project_id: str | None
    user_id: str | None
    is_admin: bool = False

    @classmethod
    def of(cls, context: RequestContext, method: str) -> Caller:
        """Return who calls `method`.

        Raises Forbidden where neither a project nor an administrator does.
        """
        caller = cls(_name(context.project_id), _name(context.user_id), context.is_admin is True)
        if caller.project_id is None and not caller.is_admin:
            raise wire.Forbidden(
                method, str(caller), "its context names no project; ask as somebody of one"
            )
        return caller

    def __str__(self) -> str:
        """Name the user and the project."""
        return f"user {self.user_id!r} of project {self.project_id!r}"

    def owns(self, project_id: str) -> bool:
        """Are this project's things the caller's to see and to touch?"""
        return self.is_admin or project_id == self.project_id

    def check_admin(self, method: str) -> None:
        """Raise Forbidden for all but administrators."""
        if not self.is_admin:
            raise wire.Forbidden(method, str(self))

    def check_build(self, request: BuildRequest) -> None:
        """Raise Forbidden for a request in the name of somebody else."""
        asked = (request.project_id, request.user_id)
        if not self.is_admin and asked != (self.project_id, self.user_id):
            raise wire.Forbidden(
                "build",
                str(self),
                f"the request is of user {request.user_id!r} and project {request.project_id!r}; "
                "ask for your own, or as an administrator",
            )

    def narrow(self, filters: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return the filters that let through what is the caller's alone.

        None where they ask for what is another project's: nothing is found then.
        """
        if self.is_admin:
            return filters
        if not self.owns(filters.get(PROJECT, str(self.project_id))):
            return None
        return {**filters, PROJECT: str(self.project_id)}


OPERATOR: Final = Caller(None, None, is_admin=True)
"""What this process asks for by itself."""


def _name(said: object) -> str | None:
    return said if isinstance(said, str) and said else None
