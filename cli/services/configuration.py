"""A service's configuration: read at start, re-read on SIGHUP, refused in one line.

What is wrong is told with the file, the option and what to write; so a service
either runs as its file says, or does not start.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from oslo_concurrency import lockutils
from oslo_config import cfg
from oslo_log import log
from oslo_service import opts as service_opts

from understudy.cli import options
from understudy.cli.bad_input import BadInput
from understudy.rpcapi import options as bus_options

LOG = logging.getLogger(__name__)

PROJECT: Final = "understudy"
DEFAULT_FILE: Final = f"/etc/{PROJECT}/{PROJECT}.conf"

_NAMED: Final = re.compile(r"([A-Za-z0-9_-]+)\s*[=:]")

Check = Callable[["Configuration"], None]
"""Raises BadInput where a service could not run with the configuration."""


class Configuration(cfg.ConfigOpts):
    """The options of one process; its mutable ones follow the files on SIGHUP."""

    checks: Sequence[Check] = ()
    arguments: Sequence[str] = ()
    after_mutation: Callable[[], None] | None = None
    """What there is to do once the files were taken over."""

    def mutate_config_files(self) -> dict[Any, Any]:
        """Take over what may change, or keep everything as it is if something is wrong."""
        try:
            read(str(self.prog), self.arguments, self.checks)
        except BadInput as wrong:
            LOG.error("the configuration is kept as it was: %s", wrong)  # noqa: TRY400
            return {}
        changed: dict[Any, Any] = super().mutate_config_files()
        if self.after_mutation is not None:
            self.after_mutation()
        return changed

    def where(self, group: str, name: str) -> str:
        """Return the file that sets the option, else the one to write it into."""
        for path in reversed(self.files()):
            if any(_sets(line, name) for line in _section(path, group)):
                return path
        return (self.files() or [DEFAULT_FILE])[0]

    def files(self) -> list[str]:
        """Return the files that were read, the last one winning."""
        folders = [Path(folder) for folder in self.config_dir or ()]
        below = [str(path) for folder in folders for path in sorted(folder.glob("*.conf"))]
        return [*(self.config_file or ()), *below]

    def set_in(self, group: str) -> list[str]:
        """Return the names of what the files set in a group, known or not, in order."""
        found = (_NAMED.match(line) for path in self.files() for line in _section(path, group))
        return [named.group(1).replace("-", "_") for named in found if named]

    def refuse(self, group: str, name: str, problem: str, remedy: str) -> BadInput:
        """Return the error that names the option and its file."""
        return BadInput(self.where(group, name), f"[{group}] {name}", problem, remedy)


def read(
    prog: str,
    arguments: Sequence[str],
    checks: Sequence[Check] = (),
    usage: str | None = None,
) -> Configuration:
    """Return the configuration that the command line of `prog` leads to. Raises BadInput."""
    conf = Configuration()
    conf.checks, conf.arguments = checks, arguments
    log.register_options(conf)
    _parse(conf, prog, arguments, usage)
    options.register(conf)
    bus_options.register(conf)
    service_opts.register_service_opts(conf)
    _check_values(conf)
    set_up_locks(conf)
    for check in checks:
        check(conf)
    return conf


def set_up_locks(conf: Configuration) -> None:
    """Let locks between processes stand below the state path, unless the file says where."""
    lockutils.get_lock_path(conf)  # registers the option
    conf.set_default("lock_path", str(Path(conf.state_path) / "lock"), group="oslo_concurrency")


def _parse(conf: Configuration, prog: str, arguments: Sequence[str], usage: str | None) -> None:
    try:
        conf(list(arguments), project=PROJECT, prog=prog, usage=usage)
    except cfg.ConfigFilesNotFoundError as error:
        missing = ", ".join(error.config_files)
        raise BadInput(missing, "", "there is no such file", "check the name") from None
    except cfg.ConfigFilesPermissionDeniedError as error:
        denied = ", ".join(error.config_files)
        raise BadInput(
            denied, "", "it may not be read", "let the service's user read it"
        ) from None
    except cfg.ConfigDirNotFoundError as error:
        raise BadInput(error.config_dir, "", "there is no such folder", "check it") from None
    except cfg.ConfigFileParseError as error:
        problem = f"it does not parse: {error.msg}"
        raise BadInput(error.config_file, "", problem, "mend that line") from None
    except cfg.ConfigFileValueError as error:
        problem = f"a value cannot be used: {error}"
        raise BadInput(" ".join(conf.files()), "", problem, "mend it") from None
    if not conf.files():
        raise BadInput(
            DEFAULT_FILE, "", "there is no such file", "write it, or name one with --config-file"
        )


def _check_values(conf: Configuration) -> None:
    """Read every option of ours once, so that what is no value is found now."""
    for group, found in options.registered():
        for option in found:
            held = conf if group == "DEFAULT" else conf[group]
            try:
                getattr(held, option.dest)
            except (ValueError, cfg.Error) as error:
                problem = str(error).rpartition("is not valid: ")[2]
                raise conf.refuse(group, option.name, problem, "see its help") from None


def _section(path: str, group: str) -> Iterator[str]:
    """Yield the lines of one section of a file."""
    current = ""
    for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        heading = re.match(r"\s*\[(.*)\]\s*$", line)
        if heading:
            current = heading.group(1)
        elif current == group:
            yield line


def _sets(line: str, name: str) -> bool:
    return re.match(rf"{re.escape(name).replace('_', '[_-]')}\s*[=:]", line) is not None
