"""Choose threads before a test imports oslo.messaging, which would pick eventlet otherwise."""

import warnings

from oslo_service import backend

# futurist imports eventlet wherever it is installed; none of ours runs on it.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

backend.init_backend(backend.BackendType.THREADING)
