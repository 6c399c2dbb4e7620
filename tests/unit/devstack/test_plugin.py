from __future__ import annotations

import json
import socket
import stat
import subprocess
from urllib.parse import urlsplit

import testtools
import yaml
from testtools import content, matchers

from tests.unit.devstack.stack import PHASES, PLUGIN, Devstack
from understudy.compute.fake_hosts import read_driver_file
from understudy.compute.libvirt_settings import LibvirtSettings
from understudy.compute.one_host import read_settings

TWO_CELLS = 'UNDERSTUDY_CELLS="cell1 cell2"'
MACHINE = socket.gethostname().partition(".")[0]
ADMIN_SECRETS = ("rabbit-secret", "database-secret", "service-secret", "stackrabbit", "root:")


class PluginTestCase(testtools.TestCase):
    """Runs devstack's scripts with the plugin."""

    def devstack(self, *localrc: str) -> Devstack:
        return self.useFixture(Devstack(*localrc))

    def stacked(self, *localrc: str) -> Devstack:
        """Return a machine where stack.sh ran to its end."""
        devstack = self.devstack(*localrc)
        self.succeed(devstack.stack())
        return devstack

    def succeed(self, done: subprocess.CompletedProcess[str]) -> None:
        self.addDetail("stderr", content.text_content(done.stderr))
        self.assertEqual(0, done.returncode, done.stderr)

    def refuse(self, devstack: Devstack, *wanted: str) -> None:
        """Run stack.sh, and find it refused before anything was done."""
        done = devstack.stack()
        self.assertNotEqual(0, done.returncode)
        for each in wanted:
            self.assertIn(each, done.stderr)
        self.assertEqual(["pre-install"], devstack.calls("phase"))
        self.assertEqual({}, devstack.all_kept())
        self.assertFalse(devstack.conf.exists())


class InstallTest(PluginTestCase):
    """A fresh install with what the settings say by themselves."""

    def test_every_phase_runs(self) -> None:
        self.assertEqual(list(PHASES), self.stacked().calls("phase"))

    def test_it_is_installed_with_what_it_needs(self) -> None:
        devstack = self.stacked()
        self.assertEqual([f"{PLUGIN.parent} -e mysql"], devstack.calls("setup_package"))

    def test_placement_is_kept_from_overfilling_hosts(self) -> None:
        written = (self.stacked().root / "placement.conf").read_text()
        self.assertIn("allocation_conflict_retry_count = 1", written)

    def test_a_file_for_each_role(self) -> None:
        self.assertEqual(
            [
                "cell1/compute.conf",
                "cell1/conductor.conf",
                "cell1/hosts.yaml",
                "scheduler.conf",
                "super.conf",
            ],
            self.stacked().files(),
        )

    def test_nobody_else_reads_the_files(self) -> None:
        devstack = self.stacked()
        self.assertEqual(0o700, stat.S_IMODE(devstack.conf.stat().st_mode))
        for path in devstack.conf.rglob("*.conf"):
            self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode), str(path))

    def test_the_services_that_run(self) -> None:
        devstack = self.stacked()
        bin_folder, conf = devstack.root / "bin", devstack.conf
        conductor = f"{bin_folder}/understudy-conductor"
        self.assertEqual(
            {
                "understudy-scheduler": f"{bin_folder}/understudy-scheduler"
                f" --config-file {conf}/scheduler.conf",
                "understudy-super": f"{conductor} --config-file {conf}/super.conf",
                "understudy-conductor-cell1": f"{conductor} --cell cell1"
                f" --config-file {conf}/cell1/conductor.conf",
                "understudy-compute-cell1": f"{bin_folder}/understudy-compute"
                f" --config-file {conf}/cell1/compute.conf",
            },
            devstack.kept("process"),
        )

    def test_nova_keeps_its_scheduler(self) -> None:
        self.assertIn("n-sch", self.stacked().enabled())

    def test_databases_are_made_before_the_services_run(self) -> None:
        devstack = self.stacked()
        self.assertEqual(["understudy_api", "understudy_cell1"], sorted(devstack.kept("database")))
        managed = devstack.calls("understudy-manage")
        conf = devstack.conf
        self.assertEqual(f"--config-file {conf}/super.conf api-db sync", managed[0])
        self.assertEqual(f"--config-file {conf}/cell1/conductor.conf cell-db sync", managed[1])
        lines = (devstack.root / "calls").read_text().splitlines()
        first_process = next(i for i, line in enumerate(lines) if line.startswith("run_process"))
        last_managed = max(i for i, line in enumerate(lines) if line.startswith("understudy-man"))
        self.assertThat(last_managed, matchers.LessThan(first_process))

    def test_placement_is_reached_through_keystone(self) -> None:
        devstack = self.stacked()
        users = devstack.kept("keystone_user")
        for name, owner in (
            ("scheduler.conf", "api"),
            ("super.conf", "api"),
            ("cell1/conductor.conf", "cell1"),
        ):
            account = f"understudy_{owner}"
            self.assertEqual(
                {
                    "auth_type": "password",
                    "auth_url": "http://192.0.2.1/identity",
                    "username": account,
                    "password": users[account],
                    "user_domain_name": "Default",
                    "project_name": "service",
                    "project_domain_name": "Default",
                    "region_name": "RegionOne",
                },
                devstack.read(name)["placement"],
            )
        self.assertIn(
            "admin understudy_cell1 service Default Default",
            devstack.calls("get_or_add_user_project_role"),
        )

    def test_the_hosts_that_are_pretended(self) -> None:
        devstack = self.stacked("UNDERSTUDY_FAKE_HOSTS=3", "UNDERSTUDY_FAKE_VCPUS=2")
        compute = devstack.read("cell1/compute.conf")["compute"]
        agent = f"understudy-cell1-{MACHINE}"
        self.assertEqual(("fake", agent), (compute["driver"], compute["agent"]))
        described = read_driver_file(agent, devstack.conf / "cell1/hosts.yaml")
        self.assertEqual(
            [f"{agent}-{i}" for i in range(3)], [host.name for host in described.hosts]
        )
        self.assertEqual({"total": 2}, described.hosts[0].providers[0].inventories["VCPU"])

    def test_stacking_again_changes_nothing(self) -> None:
        devstack = self.stacked(TWO_CELLS)
        kept, files = devstack.all_kept(), [devstack.conf / name for name in devstack.files()]
        before = [path.read_text() for path in files]
        self.succeed(devstack.unstack())
        self.succeed(devstack.stack())
        self.assertEqual(kept, devstack.all_kept())
        self.assertEqual(before, [path.read_text() for path in files])

    def test_tempest_is_told(self) -> None:
        devstack = self.stacked("ENABLED_SERVICES+=,tempest")
        self.assertIn("understudy = True", (devstack.root / "tempest.conf").read_text())

    def test_without_tempest_there_is_nothing_to_tell(self) -> None:
        self.assertFalse((self.stacked().root / "tempest.conf").exists())

    def test_on_postgresql(self) -> None:
        devstack = self.stacked("DATABASE_TYPE=postgresql", TWO_CELLS)
        self.assertEqual([f"{PLUGIN.parent} -e postgresql"], devstack.calls("setup_package"))
        url = urlsplit(devstack.read("cell2/conductor.conf")["cell_database"]["connection"])
        self.assertEqual(devstack.kept("database_user")["understudy_cell2"], url.password)
        self.assertEqual("understudy_cell2", devstack.kept("grant")["understudy_cell2"])
        self.succeed(devstack.stack())
        self.succeed(devstack.clean())
        self.assertEqual({}, devstack.all_kept())


class CellsTest(PluginTestCase):
    """Each cell has what is its own, and nothing of the API level."""

    stack: Devstack

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # Stacked once: the tests only look.
        cls.stack = Devstack(TWO_CELLS)
        cls.stack.setUp()
        cls.addClassCleanup(cls.stack.cleanUp)
        done = cls.stack.stack()
        assert done.returncode == 0, done.stderr

    def test_each_has_its_services(self) -> None:
        self.assertEqual(
            {
                "understudy-scheduler",
                "understudy-super",
                "understudy-conductor-cell1",
                "understudy-conductor-cell2",
                "understudy-compute-cell1",
                "understudy-compute-cell2",
            },
            set(self.stack.kept("process")),
        )

    def test_each_has_a_vhost_for_its_own_user_only(self) -> None:
        accounts = ["understudy_api", "understudy_cell1", "understudy_cell2"]
        self.assertEqual(accounts, list(self.stack.kept("vhost")))
        self.assertEqual(
            [f"{account}@{account}" for account in accounts], list(self.stack.kept("permission"))
        )

    def test_the_api_levels_queues_are_bounded(self) -> None:
        (where, what) = next(iter(self.stack.kept("policy").items()))
        pattern, _, definition = what.partition(" ")
        self.assertEqual(("bounded@understudy_api", "^understudy[.]"), (where, pattern))
        self.assertEqual(
            {"max-length": 1000, "overflow": "reject-publish"}, json.loads(definition)
        )

    def test_each_has_a_database_for_its_own_user_only(self) -> None:
        self.assertEqual(
            {
                "understudy_api": r"understudy\_api",
                "understudy_cell1": r"understudy\_cell1",
                "understudy_cell2": r"understudy\_cell2",
            },
            self.stack.kept("grant"),
        )

    def test_the_files_lead_to_what_was_made(self) -> None:
        for name, owner, section in (
            ("scheduler.conf", "api", "api_database"),
            ("super.conf", "api", "api_database"),
            ("cell1/conductor.conf", "cell1", "cell_database"),
            ("cell2/conductor.conf", "cell2", "cell_database"),
        ):
            account = f"understudy_{owner}"
            read = self.stack.read(name)
            database = urlsplit(read[section]["connection"])
            bus = urlsplit(read["DEFAULT"]["transport_url"])
            self.assertEqual((account, f"/{account}"), (database.username, database.path))
            self.assertEqual(self.stack.kept("database_user")[account], database.password)
            self.assertEqual((account, f"/{account}"), (bus.username, bus.path))
            self.assertEqual(self.stack.kept("rabbit_user")[account], bus.password)

    def test_a_host_knows_its_vhost_and_nothing_else(self) -> None:
        for cell in ("cell1", "cell2"):
            read = self.stack.read(f"{cell}/compute.conf")
            self.assertEqual({"DEFAULT", "cell", "compute", "oslo_concurrency"}, set(read))
            self.assertEqual(cell, read["cell"]["name"])
            conductor = self.stack.read(f"{cell}/conductor.conf")
            self.assertEqual(
                conductor["DEFAULT"]["transport_url"], read["DEFAULT"]["transport_url"]
            )

    def test_a_cells_files_open_nothing_of_anybody_else(self) -> None:
        secrets = {
            owner: {
                self.stack.kept(kind)[f"understudy_{owner}"]
                for kind in ("rabbit_user", "database_user", "keystone_user")
            }
            for owner in ("api", "cell1", "cell2")
        }
        self.assertEqual(9, len(set().union(*secrets.values())))
        for cell, others in (("cell1", ("api", "cell2")), ("cell2", ("api", "cell1"))):
            for path in (self.stack.conf / cell).iterdir():
                written = path.read_text()
                foreign = {secret for other in others for secret in secrets[other]}
                found = [s for s in (*foreign, *ADMIN_SECRETS) if s in written]
                self.assertEqual([], found, str(path))
                self.assertNotIn("api_database", written)

    def test_the_cells_are_registered_as_their_files_say(self) -> None:
        registered = [call for call in self.stack.calls("understudy-manage") if " cell " in call]
        expected, urls = [], []
        for cell in ("cell1", "cell2"):
            read = self.stack.read(f"{cell}/conductor.conf")
            expected.append(f"--config-file {self.stack.conf}/super.conf cell create {cell}")
            bus, database = read["DEFAULT"]["transport_url"], read["cell_database"]["connection"]
            urls.append(f"{bus} {database}")
        self.assertEqual(expected, registered)
        self.assertEqual(urls, self.stack.calls("cell_urls"))

    def test_no_password_is_an_argument_of_a_program_of_ours(self) -> None:
        passwords = self.stack.kept("rabbit_user").values()
        self.assertEqual(3, len(set(passwords)))
        for function in ("understudy-manage", "rabbitmqctl"):
            arguments = " ".join(self.stack.calls(function))
            self.assertEqual([], [word for word in passwords if word in arguments])

    def test_locks_and_journals_are_not_shared(self) -> None:
        names = [name for name in self.stack.files() if name.endswith(".conf")]
        locks = {self.stack.read(name)["oslo_concurrency"]["lock_path"] for name in names}
        journals = {
            self.stack.read(f"{cell}/compute.conf")["compute"]["journal"]
            for cell in ("cell1", "cell2")
        }
        self.assertEqual((len(names), 2), (len(locks), len(journals)))


class OtherMachineTest(PluginTestCase):
    """A machine that runs an agent and nothing else."""

    def test_it_makes_nothing_on_the_servers(self) -> None:
        agent_only = (
            TWO_CELLS,
            "UNDERSTUDY_COMPUTE_CELLS=cell2",
            "ENABLED_SERVICES=",
            "DISABLED_SERVICES=understudy-scheduler,understudy-super,"
            "understudy-conductor-cell1,understudy-conductor-cell2",
        )
        there = self.stacked(*agent_only)
        self.assertEqual({"process"}, set(there.all_kept()))
        self.assertEqual(["understudy-compute-cell2"], list(there.kept("process")))
        self.assertEqual(["cell2/compute.conf", "cell2/hosts.yaml"], there.files())
        here = self.stacked(TWO_CELLS)
        self.assertEqual(
            here.read("cell2/compute.conf")["DEFAULT"]["transport_url"],
            there.read("cell2/compute.conf")["DEFAULT"]["transport_url"],
        )

    def test_with_libvirt(self) -> None:
        devstack = self.stacked(
            "UNDERSTUDY_COMPUTE_DRIVER=libvirt",
            "UNDERSTUDY_LIBVIRT_POOL=default",
            "UNDERSTUDY_LIBVIRT_IMAGE_POOL=images",
        )
        self.assertEqual([f"{PLUGIN.parent} -e mysql,libvirt"], devstack.calls("setup_package"))
        self.assertEqual("libvirt", devstack.read("cell1/compute.conf")["compute"]["driver"])
        self.assertEqual(
            LibvirtSettings(pool="default", image_pool="images"),
            read_settings(LibvirtSettings, devstack.conf / "cell1/hosts.yaml"),
        )

    def test_a_machine_without_any_service_of_ours(self) -> None:
        devstack = self.devstack("UNDERSTUDY_CELLS=cell1")
        self.succeed(devstack.stack("pre-install"))
        devstack.configure(
            "DISABLED_SERVICES=understudy-scheduler,understudy-super,"
            "understudy-conductor-cell1,understudy-compute-cell1"
        )
        self.succeed(devstack.stack())
        self.assertEqual({}, devstack.all_kept())
        self.assertEqual([], devstack.calls("setup_package"))


class RefusedTest(PluginTestCase):
    """What cannot work is refused before anything is installed."""

    def test_replacing_novas_scheduler(self) -> None:
        self.refuse(
            self.devstack("UNDERSTUDY_REPLACE_NOVA_SCHEDULER=True"),
            "UNDERSTUDY_REPLACE_NOVA_SCHEDULER=True is refused",
            "left without a scheduler",
            "Remove the line",
        )

    def test_what_was_refused_can_be_unstacked_and_cleaned(self) -> None:
        devstack = self.devstack("UNDERSTUDY_REPLACE_NOVA_SCHEDULER=True")
        self.succeed(devstack.unstack())
        self.succeed(devstack.clean())

    def test_names_of_cells(self) -> None:
        for cells in ("api", "Cell1", "cell-1", "c'; DROP", "x" * 21, "cell1 cell1"):
            self.refuse(self.devstack(f'UNDERSTUDY_CELLS="{cells}"'), "UNDERSTUDY_CELLS names")

    def test_an_agent_in_no_cell(self) -> None:
        self.refuse(
            self.devstack("UNDERSTUDY_COMPUTE_CELLS=cell9"), "cell9", "UNDERSTUDY_COMPUTE_CELLS"
        )

    def test_a_driver_that_there_is_not(self) -> None:
        self.refuse(self.devstack("UNDERSTUDY_COMPUTE_DRIVER=vmware"), "fake or libvirt")

    def test_one_machine_as_a_host_of_two_cells(self) -> None:
        self.refuse(
            self.devstack(TWO_CELLS, "UNDERSTUDY_COMPUTE_DRIVER=libvirt"),
            "a host is in one cell",
        )

    def test_no_rabbit(self) -> None:
        self.refuse(self.devstack("ENABLED_SERVICES=key,mysql"), "rabbit")


class EndTest(PluginTestCase):
    """unstack.sh stops what runs, clean.sh removes what was made."""

    def test_unstack_stops_all_and_keeps_the_rest(self) -> None:
        devstack = self.stacked(TWO_CELLS)
        files = devstack.files()
        self.succeed(devstack.unstack())
        self.assertEqual({}, devstack.kept("process"))
        self.assertEqual(3, len(devstack.kept("database")))
        self.assertEqual(files, devstack.files())

    def test_clean_leaves_nothing(self) -> None:
        devstack = self.stacked(TWO_CELLS)
        self.succeed(devstack.unstack())
        # clean.sh finds the services in devstack's own record of what ran.
        devstack.configure(TWO_CELLS, f"ENABLED_SERVICES={','.join(devstack.enabled())}")
        self.succeed(devstack.clean())
        self.assertEqual({}, devstack.all_kept())
        self.assertFalse(devstack.conf.exists())
        self.assertFalse((devstack.root / "opt/data/understudy").exists())

    def test_clean_alone_stops_too(self) -> None:
        devstack = self.stacked(TWO_CELLS)
        devstack.configure(TWO_CELLS, f"ENABLED_SERVICES={','.join(devstack.enabled())}")
        self.succeed(devstack.clean())
        self.assertEqual({}, devstack.all_kept())

    def test_clean_after_the_servers_were_stopped(self) -> None:
        devstack = self.stacked()
        devstack.configure("STUB_SERVERS_DOWN=yes")
        self.succeed(devstack.clean())
        self.assertFalse(devstack.conf.exists())

    def test_clean_twice(self) -> None:
        devstack = self.stacked()
        for _ in range(2):
            self.succeed(devstack.clean())


class ZuulTest(testtools.TestCase):
    """The jobs' files parse, and name what there is."""

    def test_the_jobs(self) -> None:
        described = yaml.safe_load((PLUGIN.parent / ".zuul.yaml").read_text())
        jobs = {each["job"]["name"]: each["job"] for each in described if "job" in each}
        project = next(each["project"] for each in described if "project" in each)
        self.assertEqual(project["check"], project["gate"])
        ours = {name for name in project["check"]["jobs"] if name.startswith("understudy-")}
        self.assertEqual(set(jobs), ours)
        for playbook in jobs["understudy-functional-devstack"]["run"]:
            self.assertIsInstance(yaml.safe_load((PLUGIN.parent / playbook).read_text()), list)
        tox = (PLUGIN.parent / "tox.ini").read_text()
        for job in jobs.values():
            environment = job["vars"].get("tox_envlist")
            if environment is not None:
                self.assertIn(f"[testenv:{environment}]", tox)
