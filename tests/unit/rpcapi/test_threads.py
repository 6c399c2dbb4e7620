"""A process of ours stays free of eventlet, and quiet about it."""

import subprocess
import sys

import testtools

PROGRAM = """
from understudy.rpcapi import threads
threads.use_threads()
threads.use_threads()
import sys
from understudy.rpcapi import bus, server
from oslo_service import backend
assert backend.get_backend_type() is backend.BackendType.THREADING
assert not any(name.startswith("eventlet.") for name in sys.modules)
bus.Bus.open("api", bus.EMBEDDED).close()
"""


class UseThreadsTest(testtools.TestCase):
    def test_nothing_imports_eventlet_or_warns_of_it(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
        )
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))
