"""A running super conductor, called over AMQP."""

from __future__ import annotations

from pathlib import Path

from oslo_config import cfg

from understudy.cli.bad_input import BadInput
from understudy.cli.services import installed
from understudy.rpcapi import options
from understudy.rpcapi.bus import API, Bus
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.super_conductor import SuperConductorClient

PROJECT = "admin"
USER = "admin"


class RemoteCloud:
    """The cloud behind a message bus; nothing of it is in this process."""

    def __init__(self, config_file: str | None, transport_url: str | None) -> None:
        """Connect as the configuration file says; the URL, where given, comes first."""
        installed.check(installed.BUS)
        conf = _configuration(config_file)
        url = transport_url or conf.transport_url
        if url == options.private().transport_url:
            raise BadInput(
                config_file or "--transport-url",
                "transport_url",
                "it names no message bus",
                "write rabbit://user:password@host:5672/vhost",
            )
        try:
            self._bus = Bus.open(API, url, conf=conf)
        except Exception as error:
            # Drivers and URLs that do not parse each have errors of their own.
            raise BadInput(
                "--transport-url" if transport_url else str(config_file),
                "" if transport_url else "transport_url",
                f"no bus can be opened with it: {error}",
                "write rabbit://user:password@host:5672/vhost",
            ) from None
        self.client = SuperConductorClient(self._bus)

    def context(self) -> RequestContext:
        """Return the operator, who is an administrator."""
        return RequestContext(PROJECT, USER, is_admin=True)

    def close(self) -> None:
        """Give the connections back."""
        self._bus.close()


def _configuration(config_file: str | None) -> cfg.ConfigOpts:
    if config_file is None:
        return options.private()
    if not Path(config_file).is_file():
        raise BadInput(config_file, "", "there is no such file", "check the name")
    conf = cfg.ConfigOpts()
    try:
        conf([], default_config_files=[config_file], default_config_dirs=[])
    except cfg.ConfigFileParseError as error:
        raise BadInput(config_file, "", f"it does not parse: {error}", "mend it") from None
    options.register(conf)
    return conf
