"""Measurements, one program a file: `make bench` runs all, `python -m benchmarks.NAME` one."""

import warnings

from oslo_service import backend

# As in the services: threads are chosen before oslo.messaging is imported, which would pick
# eventlet otherwise, and would be measured with it.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

backend.init_backend(backend.BackendType.THREADING)
