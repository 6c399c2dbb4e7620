"""TLS that is half configured is refused before a password goes out in the clear."""

from __future__ import annotations

from tests.unit.cli.services_case import BUS, KINDS, PLACEMENT, ServicesTestCase

MISSING = "/nowhere/ca.pem"
READ = "write a file that is there, and let the service's user read it"


class TlsTest(ServicesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.authority = self.folder / "ca.pem"
        self.authority.write_text("")

    def rabbit(self, *lines: str) -> str:
        return "\n".join(["[oslo_messaging_rabbit]", *lines, ""])

    def test_a_file_that_is_not_there(self) -> None:
        self.write(self.default, self.agent, self.rabbit("ssl = true", f"ssl_ca_file = {MISSING}"))
        self.assert_refused(
            f"[oslo_messaging_rabbit] ssl_ca_file: {MISSING} cannot be read; {READ}",
            KINDS["compute"](),
        )

    def test_a_file_of_the_url_that_is_not_there(self) -> None:
        url = f"{BUS}?ssl=true&ssl_ca_file={MISSING}"
        self.write(f"[DEFAULT]\nstate_path = {self.folder}\ntransport_url = {url}\n", self.agent)
        self.assert_refused(
            f"[DEFAULT] transport_url: {MISSING} cannot be read; {READ}", KINDS["compute"]()
        )

    def test_an_authority_without_tls(self) -> None:
        self.write(self.default, self.agent, self.rabbit(f"ssl_ca_file = {self.authority}"))
        self.assert_refused(
            "[oslo_messaging_rabbit] ssl: it is not set, but ssl_ca_file is; "
            "write true, or false for no TLS",
            KINDS["compute"](),
        )

    def test_what_is_right(self) -> None:
        for answer in ("true", "false"):
            rabbit = self.rabbit(f"ssl = {answer}", f"ssl_ca_file = {self.authority}")
            self.write(self.default, self.agent, rabbit)
            conf = self.read(KINDS["compute"]())
            self.assertEqual(answer == "true", conf.oslo_messaging_rabbit.ssl)

    def test_what_is_right_in_the_url(self) -> None:
        url = f"{BUS}?ssl=true&ssl_ca_file={self.authority}"
        self.write(f"[DEFAULT]\nstate_path = {self.folder}\ntransport_url = {url}\n", self.agent)
        self.assertEqual(url, self.read(KINDS["compute"]()).transport_url)

    def test_a_port_that_is_for_tls_alone(self) -> None:
        url = BUS.replace(":1/", ":5671/")
        default = f"[DEFAULT]\nstate_path = {self.folder}\ntransport_url = {url}\n"
        self.write(default, self.agent, self.rabbit(f"ssl_ca_file = {self.authority}"))
        self.assertEqual(url, self.read(KINDS["compute"]()).transport_url)
        self.write(default, self.agent, self.rabbit("ssl = false"))
        self.assert_refused(
            "[oslo_messaging_rabbit] ssl: it is false, but transport_url asks for TLS; "
            "take it out",
            KINDS["compute"](),
        )

    def test_a_url_that_asks_for_tls_and_for_none(self) -> None:
        url = f"{BUS.replace(':1/', ':5671/')}?ssl=false"
        self.write(f"[DEFAULT]\nstate_path = {self.folder}\ntransport_url = {url}\n", self.agent)
        self.assert_refused(
            "[DEFAULT] transport_url: it says ssl=false but port 5671; leave one of them out",
            KINDS["compute"](),
        )

    def test_the_bus_of_notifications(self) -> None:
        url = f"{BUS}?ssl=true&ssl_ca_file={MISSING}"
        notifications = f"[notifications]\nenabled = true\ntransport_url = {url}\n"
        self.write(self.default, self.api, PLACEMENT, notifications)
        self.assert_refused(
            f"[notifications] transport_url: {MISSING} cannot be read; {READ}", KINDS["super"]()
        )
