"""A test case that runs `understudy-manage` with a file of its own."""

from __future__ import annotations

import io

from tests.unit.cli.services_case import BUS, PLACEMENT, ServicesTestCase
from understudy.cli.manage.main import ManageApp


class ManageCase(ServicesTestCase):
    """Runs the command, and keeps what it wrote in `out` and `err`."""

    def setUp(self) -> None:
        super().setUp()
        self.write(self.default, self.api, PLACEMENT)

    def manage(self, *argv: str) -> int:
        """Run the command; return its exit code, and keep what it wrote."""
        out, err = io.StringIO(), io.StringIO()
        try:
            app = ManageApp(stdout=out, stderr=err)
            return app.run([f"--config-file={self.path}", *argv])
        except SystemExit as exit:
            return int(exit.code or 0)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def create(self, name: str = "one") -> int:
        bus = self.folder / "bus.url"
        bus.touch(mode=0o600)
        bus.write_text(f"{BUS}\n")
        return self.manage(
            "cell", "create", name,
            "--transport-url-file", str(bus),
            "--database-url", f"sqlite:///{self.folder}/{name}.sqlite",
        )  # fmt: skip
