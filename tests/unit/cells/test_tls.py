"""What a database's URL says of TLS: checked in full, or refused; and a server that has none."""

from __future__ import annotations

import socket
import ssl
import struct
import threading

import sqlalchemy as sa
import testtools
from hypothesis import given
from hypothesis import strategies as st

from understudy.cells import errors, tls
from understudy.cells.engines import Database, Limits

MYSQL = "mysql+pymysql://user:secret@db/understudy_api"
POSTGRESQL = "postgresql+psycopg2://user:secret@db/understudy_api"


def secured(url: str) -> tls.Secured:
    return tls.secured(sa.make_url(url))


class RefusalCase(testtools.TestCase):
    def assert_refused(self, problem: str, url: str) -> None:
        error = self.assertRaises(errors.UntrustedUrl, Database, url)
        self.assertIn(problem, str(error))
        self.assertNotIn("secret", str(error))
        self.assertNotIn("\n", str(error))


class MariaDBTest(RefusalCase):
    def test_any_option_of_tls_asks_for_all_of_it(self) -> None:
        for said in ("ssl=true", "ssl_verify_cert=1", "ssl_verify_identity=on", "ssl_disabled=no"):
            made = secured(f"{MYSQL}?{said}&charset=utf8mb4")
            self.assertEqual({"charset": "utf8mb4"}, dict(made.url.query))
            context = made.arguments()["ssl"]
            self.assertTrue(context.check_hostname, said)
            self.assertEqual(ssl.CERT_REQUIRED, context.verify_mode)

    def test_none_is_in_the_clear_as_before(self) -> None:
        self.assertEqual({}, secured(MYSQL).arguments())
        for said in ("ssl=false", "ssl_disabled=true"):
            self.assertEqual({"ssl_disabled": True}, secured(f"{MYSQL}?{said}").arguments())

    def test_what_checks_less_is_refused(self) -> None:
        for name in ("ssl_check_hostname", "ssl_verify_cert", "ssl_verify_identity"):
            for more in ("", "ssl_ca=/etc/ca.pem&", "ssl=true&"):
                self.assert_refused(
                    f"with {name}=false anybody's certificate would do",
                    f"{MYSQL}?{more}{name}=false",
                )

    def test_what_asks_for_both_is_refused(self) -> None:
        for said in (
            "ssl_ca=/etc/ca.pem&ssl_disabled=true",
            "ssl=true&ssl_disabled=true",
            "ssl=false&ssl_ca=/etc/ca.pem",
            "ssl=0&ssl_verify_cert=true",
        ):
            self.assert_refused("it asks for TLS and for none", f"{MYSQL}?{said}")

    def test_what_is_not_known_is_refused(self) -> None:
        self.assert_refused("ssl_mode is no option", f"{MYSQL}?ssl_mode=PREFERRED")
        self.assert_refused("neither true nor false", f"{MYSQL}?ssl_verify_cert=maybe")
        self.assert_refused("says ssl_ca twice", f"{MYSQL}?ssl_ca=a&ssl_ca=b")
        self.assert_refused(
            "mysqldb is not known to check names", "mysql://user:secret@db/x?ssl_ca=/etc/ca.pem"
        )
        self.assert_refused("write ssl=true beside it", f"{MYSQL}?read_default_file=/etc/my.cnf")

    def test_a_file_that_is_not_there_is_told_by_its_name(self) -> None:
        database = Database(f"{MYSQL}?ssl_ca=/nowhere/ca.pem", limits=Limits(connect_timeout=1))
        at_start = self.assertRaises(errors.UntrustedUrl, database.check_files)
        later = self.assertRaises(
            errors.ApiDatabaseUnreachable, database.read, lambda connection: None
        )
        for error in (at_start, later):
            self.assertIn("/nowhere/ca.pem cannot be", str(error))


class PostgreSQLTest(RefusalCase):
    def test_any_option_of_tls_asks_for_all_of_it(self) -> None:
        for said in ("sslrootcert=/etc/ca.pem", "sslmode=verify-full", "sslcert=/etc/own.pem"):
            self.assertEqual(
                "verify-full", secured(f"{POSTGRESQL}?{said}").url.query["sslmode"], said
            )

    def test_none_is_as_before(self) -> None:
        for said in ("", "?sslmode=disable"):
            url = sa.make_url(POSTGRESQL + said)
            self.assertEqual(url, tls.secured(url).url)

    def test_what_checks_less_is_refused(self) -> None:
        for mode in ("allow", "prefer", "require", "verify-ca", "VERIFY-FULL"):
            for more in ("", "&sslrootcert=/etc/ca.pem"):
                self.assert_refused(
                    f"with sslmode={mode} anybody's certificate would do",
                    f"{POSTGRESQL}?sslmode={mode}{more}",
                )
        self.assert_refused("sslmode=disable", f"{POSTGRESQL}?sslmode=disable&sslcert=/etc/o.pem")
        self.assert_refused("says sslmode twice", f"{POSTGRESQL}?sslmode=disable&sslmode=prefer")
        self.assert_refused("write sslmode=verify-full beside it", f"{POSTGRESQL}?service=x")
        self.assert_refused(
            "pg8000 is not known", "postgresql+pg8000://user:secret@db/x?sslmode=verify-full"
        )


class AnyUrlTest(testtools.TestCase):
    names = (
        "charset ssl ssl_ca ssl_cipher ssl_disabled ssl_verify_cert ssl_verify_identity "
        "ssl_check_hostname sslmode sslrootcert"
    )
    options = st.dictionaries(
        st.sampled_from(names.split()),
        st.sampled_from(["true", "false", "1", "0", "require", "verify-full", "x"]),
    )

    @given(st.sampled_from([MYSQL, POSTGRESQL]), options)
    def test_it_is_checked_or_off_or_refused(self, base: str, said: dict[str, str]) -> None:
        url = sa.make_url(base).update_query_dict(said)
        try:
            made = tls.secured(url)
        except errors.UntrustedUrl:
            return
        asked = {name for name in said if name.startswith("ssl")}
        left = {name for name in made.url.query if name.startswith("ssl")}
        if base == POSTGRESQL:
            self.assertEqual(
                bool(asked), made.url.query.get("sslmode") in {"verify-full", "disable"}
            )
        else:
            self.assertEqual(set(), left)
            if not asked - {"ssl", "ssl_disabled"} and asked:
                self.assertEqual(1, len(made.arguments()))


class PlainServer:
    """Says what a MariaDB server says first, but that it knows no TLS; keeps what it hears."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heard = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            no_tls = 0xF7FF & ~0x0800
            greeting = (
                b"\x0a11.4.2-MariaDB\0" + struct.pack("<I", 1) + b"saltsalt\0"
                + struct.pack("<HBHHB", no_tls, 45, 2, 0x000F, 21)
                + bytes(10) + b"saltsaltsalt\0" + b"mysql_clear_password\0"
            )  # fmt: skip
            connection.sendall(struct.pack("<I", len(greeting))[:3] + b"\0" + greeting)
            while heard := connection.recv(4096):
                self.heard += heard

    def close(self) -> None:
        self._thread.join()
        self._listener.close()


class StrippedTest(testtools.TestCase):
    """A server, or who stands before it, says that it knows no TLS."""

    def test_it_is_told_nothing(self) -> None:
        server = PlainServer()
        url = f"mysql+pymysql://user:secret@127.0.0.1:{server.port}/db?ssl=true"
        database = Database(url, limits=Limits(connect_timeout=2, answer_timeout=2))
        error = self.assertRaises(
            errors.ApiDatabaseUnreachable, database.read, lambda connection: None
        )
        server.close()
        self.assertEqual(b"", server.heard)
        self.assertIn("SSL is required", str(error))
