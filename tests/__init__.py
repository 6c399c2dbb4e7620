"""Set the tests up: on threads, and without a clock on single examples.

oslo.messaging picks eventlet where nothing was chosen before it is imported.
"""

import hypothesis

from understudy.rpcapi import threads

threads.use_threads()

# A busy machine is no failure.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")
