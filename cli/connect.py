"""How a command gets its cloud: opened from a directory, called over AMQP, or made anew."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli.bad_input import BadInput
from understudy.objects.errors import UnderstudyError

if TYPE_CHECKING:
    from understudy.cli.cloud import AuditedCloud, Cloud
    from understudy.cli.embedded import EmbeddedCloud
    from understudy.compute.fault_plan import FaultPlan
    from understudy.objects.host import Host


class NotInstalled(UnderstudyError):
    """A cloud in this process takes what was not installed."""

    def __init__(self, module: str) -> None:
        """Keep which module is missing."""
        super().__init__(module)
        self.module = module

    def __str__(self) -> str:
        """Say how to get it."""
        return f"{self.module} is not installed; run pip install 'understudy[embedded]'"


class Clouds:
    """Makes clouds; a test hands in its own."""

    def connect(self, options: argparse.Namespace) -> Cloud:
        """Return the cloud that the global options lead to, or raise BadInput."""
        over_amqp = options.config_file or options.transport_url
        if options.state_dir and over_amqp:
            raise BadInput(
                "--state-dir",
                "",
                "it stands beside --config-file or --transport-url",
                "say which cloud you mean",
            )
        if options.state_dir:
            return self._reopen(Path(options.state_dir))
        if over_amqp:
            return self._call(options)
        raise BadInput(
            "--state-dir",
            "",
            "it is not said which cloud to talk to",
            "give --state-dir DIR, --config-file FILE or --transport-url-file FILE",
        )

    def create(
        self,
        cells: Mapping[str, Sequence[Host]],
        plan: FaultPlan,
        state_dir: Path | None,
    ) -> AuditedCloud:
        """Return a new cloud of these hosts, whose builds fail as planned.

        It is kept in `state_dir`, which must be empty or absent, or nowhere.
        """
        if state_dir is not None:
            check_empty(state_dir)
        return _embedded()(cells=cells, plan=plan, state_dir=state_dir)

    def _reopen(self, state_dir: Path) -> Cloud:
        if not state_dir.is_dir() or not any(state_dir.iterdir()):
            raise BadInput(
                str(state_dir),
                "",
                "there is no cloud",
                "make one with understudy demo --state-dir DIR, or name its directory",
            )
        return _embedded().reopen(state_dir)

    def _call(self, options: argparse.Namespace) -> Cloud:
        from understudy.cli.remote import RemoteCloud

        return RemoteCloud(options.config_file, options.transport_url)


def check_empty(state_dir: Path) -> None:
    """Raise BadInput unless a new cloud can be kept there."""
    try:
        taken = state_dir.exists() and (not state_dir.is_dir() or any(state_dir.iterdir()))
    except OSError as error:
        raise BadInput(
            str(state_dir), "", f"cannot look into it: {error.strerror}", "name another"
        ) from None
    if taken:
        raise BadInput(
            str(state_dir),
            "",
            "something is there already",
            "name a new directory",
        )


def _embedded() -> type[EmbeddedCloud]:
    # Late: it brings Placement, which is an extra.
    try:
        from understudy.cli.embedded import EmbeddedCloud
    except ModuleNotFoundError as error:
        raise NotInstalled(str(error.name)) from None
    return EmbeddedCloud
