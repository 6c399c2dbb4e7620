"""Choose threads before a test imports oslo.messaging, which would pick eventlet otherwise."""

from understudy.rpcapi import threads

threads.use_threads()
