"""Run what holds on the embedded bus on RabbitMQ too."""

from __future__ import annotations

from tests.functional.rpcapi import (
    test_clients,
    test_failures,
    test_overload,
    test_sender,
    test_server,
    test_unreadable,
)
from tests.integration.rpcapi.subject import OnRabbitMQ, RabbitBuses


class SchedulerClientTest(OnRabbitMQ, test_clients.SchedulerClientTest):
    pass


class SuperConductorClientTest(OnRabbitMQ, test_clients.SuperConductorClientTest):
    pass


class CellConductorClientTest(OnRabbitMQ, test_clients.CellConductorClientTest):
    pass


class ComputeClientTest(OnRabbitMQ, test_clients.ComputeClientTest):
    pass


class FailuresTest(OnRabbitMQ, test_failures.FailuresTest):
    pass


class SenderTest(OnRabbitMQ, test_sender.SenderTest):
    pass


class ServerTest(OnRabbitMQ, test_server.ServerTest):
    buses: RabbitBuses

    def in_the_broker(self) -> int:
        return self.buses.ready(self.cell, "conductor")


class OverloadTest(OnRabbitMQ, test_overload.OverloadTest):
    buses: RabbitBuses

    def in_the_broker(self) -> int:
        return self.buses.ready(self.cell, "conductor")


class UnreadableTest(OnRabbitMQ, test_unreadable.UnreadableTest):
    pass


class PatienceTest(OnRabbitMQ, test_overload.PatienceTest):
    pass
