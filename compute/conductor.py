"""What a host's agent says to its cell conductor, and what an answer is.

An agent repeats itself until it is answered. Only two errors are answers: the
attempt is superseded, or the instance is unknown. Every other one means that
the conductor, or something behind it, could not answer now.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from understudy.compute.journal import Journal, JournalClosed
from understudy.compute.served import Served
from understudy.compute.tags import Place, Tag
from understudy.compute.voice import Voice
from understudy.objects.errors import UnderstudyError
from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.objects.orders import Orders
from understudy.rpcapi import errors
from understudy.rpcapi.context import RequestContext

LOG = logging.getLogger(__name__)


class CellConductor(Protocol):
    """The part of the cell conductor that agents call.

    Every method may be called twice. Raises ServiceUnavailable where there was
    no answer, whether or not the call took effect.
    """

    def register_host(
        self, ctxt: RequestContext, host: Host, holds: list[tuple[str, int]]
    ) -> Orders:
        """Take a host in, and say what it must destroy. Raises HostRefused."""
        ...

    def heartbeat(
        self, ctxt: RequestContext, agent: str, in_hand: dict[str, list[tuple[str, int]]]
    ) -> Orders:
        """Hear from all hosts of an agent, and say what they are to do."""
        ...

    def build_started(
        self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int
    ) -> None:
        """Let a build go on. Raises Superseded, InstanceNotFound."""
        ...

    def build_succeeded(
        self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int
    ) -> None:
        """Take an instance as built. Raises Superseded, InstanceNotFound."""
        ...

    def build_failed(
        self,
        ctxt: RequestContext,
        host: str,
        instance_uuid: str,
        attempt: int,
        fault: Fault,
        cleaned: bool,
    ) -> None:
        """Take a fault; `cleaned`: nothing is left. Raises Superseded, InstanceNotFound."""
        ...

    def torn_down(self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int) -> None:
        """Hear that nothing is left of this attempt or of an older one on this host."""
        ...


class Again(UnderstudyError):
    """Something did not work now, and is to be tried again later."""

    def __init__(self, what: str) -> None:
        """Keep what did not work, and why."""
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        """Say what did not work."""
        return self.what


class Refused(UnderstudyError):
    """The conductor wants nothing of this attempt any more."""


class Built(UnderstudyError):
    """The instance is ACTIVE by this attempt; the journal that does not know it was restored."""


class Reports:
    """Says how attempts go. Each method raises Refused, or Again without an answer."""

    def __init__(
        self,
        conductor: CellConductor,
        journal: Journal,
        voice: Voice,
        served: Served,
        unregistered: Callable[[str], None],
    ) -> None:
        """Call `unregistered` with a host that turns out to be unknown or unwanted."""
        self._conductor = conductor
        self._journal = journal
        self._voice = voice
        self._served = served
        self._unregistered = unregistered
        self._contexts: dict[Place, RequestContext] = {}

    def context(self, tag: Tag) -> RequestContext:
        """Return the build's context, so that its logs and its trace go on here.

        The journal forgets the request once it is built; a restart in between,
        the context.
        """
        try:
            request, _ = self._journal.what_to_build(tag)
        except LookupError:
            return self._contexts.setdefault(tag.place, RequestContext())
        context = RequestContext.of_instance(
            request.request_id, request.project_id, request.user_id
        )
        return self._contexts.setdefault(tag.place, context)

    def remember(self, place: Place, context: RequestContext) -> None:
        """Do what there is to do at this place in the context in which it was asked for."""
        self._contexts[place] = context

    def forget(self, place: Place) -> None:
        """Forget that context: there is nothing left to do."""
        self._contexts.pop(place, None)

    def started(self, tag: Tag) -> None:
        """Ask whether to go on. Raises Built too."""
        self._say(tag, self._conductor.build_started)

    def succeeded(self, tag: Tag) -> None:
        """Say that it is built."""
        self._say(tag, self._conductor.build_succeeded)

    def failed(self, tag: Tag, fault: Fault, cleaned: bool) -> None:
        """Say why it is not built, and whether anything is left."""
        self._say(tag, self._conductor.build_failed, fault, cleaned)

    def torn_down(self, tag: Tag) -> None:
        """Say that nothing is left."""
        self._say(tag, self._conductor.torn_down)

    def _say(self, tag: Tag, method: Callable[..., None], *facts: Any) -> None:
        if self._journal.closed:
            raise JournalClosed
        heard = self._voice.context(self._served.uuid_of(tag.host), self.context(tag))
        try:
            method(heard, *tag, *facts)
        except (errors.Superseded, errors.InstanceNotFound) as answer:
            raise Refused(str(answer)) from answer
        except errors.AlreadyBuilt as answer:
            raise Built(str(answer)) from answer
        except (errors.HostRefused, errors.HostNotFound) as refused:
            self._unregistered(tag.host)
            raise Again(str(refused)) from refused
        except UnderstudyError as error:
            raise Again(str(error)) from error
        except Exception as error:
            LOG.exception("Could not say how %s goes", tag)
            raise Again(repr(error)) from error
