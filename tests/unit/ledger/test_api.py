"""What is known after a request: said by a server on a real socket, or by none."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable

import testtools
from keystoneauth1 import token_endpoint

from understudy.ledger import api, errors
from understudy.ledger import http as ledger_http

CONFLICT = (
    b'{"errors": [{"status": 409, "code": "placement.concurrent_update", "detail": "a\\n b"}]}'
)


class Answer:
    """What the server says to the next request."""

    def __init__(
        self, status: int, body: bytes = b"", content_type: str = "application/json"
    ) -> None:
        self.status, self.body, self.content_type = status, body, content_type


class Server(http.server.ThreadingHTTPServer):
    """Answers from a list, or hangs up, or keeps silent until it is released."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer | None] = []
        self.seen: list[tuple[str, str, str | None]] = []
        self.silent = False
        self.released = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def respond(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        version = self.headers.get("OpenStack-API-Version")
        self.server.seen.append((self.command, self.path, version))
        if self.server.silent:
            self.server.released.wait(10)
        answer = self.server.answers.pop(0) if self.server.answers else None
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def do_GET(self) -> None:
        self.respond()

    def do_PUT(self) -> None:
        self.respond()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def placement_at(port: int, timeouts: api.Timeouts | None = None) -> api.PlacementApi:
    adapter = ledger_http.connect(token_endpoint.Token(f"http://127.0.0.1:{port}", "admin"))
    return api.PlacementApi(adapter, timeouts)


class ApiTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = Server()
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.released.set)
        self.api = placement_at(self.server.server_port)

    def put(self, *answers: Answer | None) -> api.Outcome:
        self.server.answers = list(answers)
        return self.api.write("PUT", "/allocations/x", {"a": 1})

    def get(self, *answers: Answer | None) -> Callable[[], object]:
        self.server.answers = list(answers)
        return lambda: self.api.get("/traits", [("name", "in:A,B")])

    def test_every_request_names_the_microversion(self) -> None:
        self.put(Answer(204))
        self.assertEqual([("PUT", "/allocations/x", "placement 1.39")], self.server.seen)

    def test_answers_to_writes(self) -> None:
        html = "text/html"
        self.assertEqual(api.Done({}), self.put(Answer(204)))
        self.assertEqual(api.Done({"generation": 3}), self.put(Answer(200, b'{"generation": 3}')))
        self.assertEqual(
            api.Conflict(api.CONCURRENT_UPDATE, "a b"), self.put(Answer(409, CONFLICT))
        )
        self.assertEqual(api.Conflict("", "Conflict"), self.put(Answer(409, b"<html>", html)))
        self.assertEqual(
            api.Refused(401, "Unauthorized"), self.put(Answer(401, b"<html>", html), Answer(401))
        )
        self.assertEqual(api.Refused(400, "Bad Request"), self.put(Answer(400, b"[]")))

    def test_answers_that_say_nothing_of_a_write(self) -> None:
        for answer in (
            Answer(500, b"<html>", "text/html"),
            Answer(503),
            Answer(429),
            Answer(200, b"<html>log in</html>", "text/html"),
            None,
        ):
            self.assertIsInstance(self.put(answer), api.Lost)
        self.assertEqual(5, len(self.server.seen))

    def test_a_write_that_is_not_answered_in_time_is_lost(self) -> None:
        self.server.silent = True
        hasty = placement_at(self.server.server_port, api.Timeouts(connect=5, read=0.05))
        self.assertIsInstance(hasty.write("PUT", "/allocations/x", {}), api.Lost)

    def test_a_write_that_nobody_took_is_unavailable(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            nobody = placement_at(unused.getsockname()[1])
            error = self.assertRaises(
                errors.LedgerUnavailable, nobody.write, "PUT", "/allocations/x", {}
            )
        self.assertNotIsInstance(error, errors.OutcomeUnknown)
        self.assertEqual("PUT /allocations/x", error.operation)

    def test_answers_to_reads(self) -> None:
        self.assertEqual({"traits": []}, self.get(Answer(200, b'{"traits": []}'))())
        self.assertEqual("/traits?name=in%3AA%2CB", self.server.seen[-1][1])
        for answer in (Answer(500, b"{}"), Answer(429), Answer(200, b"<html>", "text/html")):
            self.assertRaises(errors.LedgerUnavailable, self.get(answer))
        error = self.assertRaises(errors.LedgerRefused, self.get(Answer(404, b"{}")))
        self.assertEqual(404, error.status)

    def test_a_read_is_repeated_once_where_the_connection_was_dead(self) -> None:
        self.assertEqual({}, self.get(None, Answer(200, b"{}"))())
        self.assertRaises(errors.LedgerUnavailable, self.get(None, None, Answer(200, b"{}")))
