"""The lines that an operator would find in a service's log, as oslo.log writes them."""

from __future__ import annotations

import io
import logging
import re

import fixtures
from oslo_config import cfg
from oslo_context import context
from oslo_log import formatters, log

from understudy.cli import one_line

_HEAD = re.compile(
    r" \[(?P<head>(?!instance: )[^]]*)\] (\[instance: (?P<instance>[^]]*)\] )?(?P<text>.*)"
)


class LogLines(fixtures.Fixture):
    """Take down all that is logged below a name, with what each line begins with."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._logger = logging.getLogger(name)

    def _setUp(self) -> None:  # noqa: N802
        conf = cfg.ConfigOpts()
        log.register_options(conf)
        conf([], default_config_files=[], default_config_dirs=[])
        self._written = io.StringIO()
        handler = logging.StreamHandler(self._written)
        formatter = formatters.ContextFormatter(config=conf)
        one_line.keep(formatter)
        handler.setFormatter(formatter)
        level = self._logger.level
        self._logger.addHandler(handler)
        self._logger.setLevel(logging.DEBUG)
        self.addCleanup(self._logger.setLevel, level)
        self.addCleanup(self._logger.removeHandler, handler)
        # A test before this one may have left its own.
        before = context.get_current()
        context._request_store.context = None
        self.addCleanup(setattr, context._request_store, "context", before)

    def all(self) -> list[str]:
        """Return the lines, without those of tracebacks."""
        return [line for line in self._written.getvalue().splitlines() if _HEAD.search(line)]

    def heads(self, about: str) -> set[tuple[str | None, str | None]]:
        """Return the (request id, instance uuid) of the lines whose text has `about` in it."""
        found = [match for line in self.all() if (match := _HEAD.search(line))]
        return {
            (_request(match["head"]), match["instance"])
            for match in found
            if about in match["text"]
        }


def _request(head: str) -> str | None:
    """Return the request id of "GLOBAL-ID REQUEST-ID USER PROJECT ..."."""
    return None if head == "-" else head.split(" ")[1]
