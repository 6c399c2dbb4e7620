"""What the operator allows a request to ask for, and what it gets if it does not ask."""

from __future__ import annotations

from dataclasses import dataclass, field

from understudy.objects import request_size, validation
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import InvalidRequest
from understudy.objects.limits import RequestLimits


@dataclass(frozen=True, slots=True)
class RetryBounds:
    """The `[retries]` options, and the `[limits]` of a request. Times are seconds."""

    max_attempts: int = 3
    highest_max_attempts: int = 32
    spare_alternates: int = 1
    highest_spare_alternates: int = 8
    max_cells: int = 1
    highest_max_cells: int = 8
    deadline: int = 600
    longest_deadline: int = 86400
    consumer_type: str = "UNDERSTUDY"
    limits: RequestLimits = field(default_factory=RequestLimits)

    def complete(self, request: BuildRequest) -> BuildRequest:
        """Return the request with the options filled in where it asked for nothing.

        Raises InvalidRequest where it asks for more than the operator allows.
        """
        request_size.check(request, self.limits)
        whole: BuildRequest = request.obj_clone()
        whole.max_attempts = _within(
            "max_attempts", request.max_attempts, self.max_attempts, self.highest_max_attempts
        )
        whole.spare_alternates = _within(
            "spare_alternates",
            request.spare_alternates,
            self.spare_alternates,
            self.highest_spare_alternates,
        )
        whole.max_cells = _within(
            "max_cells", request.max_cells, self.max_cells, self.highest_max_cells
        )
        whole.deadline_seconds = _within(
            "deadline_seconds", request.deadline_seconds, self.deadline, self.longest_deadline
        )
        whole.consumer_type = self._consumer_type(request)
        return whole

    def _consumer_type(self, request: BuildRequest) -> str:
        if request.consumer_type not in (None, self.consumer_type):
            raise InvalidRequest(
                "consumer_type",
                f"{request.consumer_type} is not what this cloud's claims carry",
                f"leave it out, or write {self.consumer_type}",
            )
        return self.consumer_type


def _within(field: str, asked: int | None, default: int, highest: int) -> int:
    if asked is None:
        return default
    if asked > highest:
        raise InvalidRequest(
            field, f"{asked} is more than the operator allows", f"give {highest} or less"
        )
    return asked


def alternates_wanted(request: BuildRequest) -> int:
    """Return how many alternates to ask for: a lost claim spends one, an attempt too."""
    wanted = (request.max_attempts or 1) - 1 + (request.spare_alternates or 0)
    return min(wanted, validation.MAX_ALTERNATES)
