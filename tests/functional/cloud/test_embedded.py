"""Every case, on a cloud in this process."""

from tests.functional.cloud.moved import moved
from tests.functional.cloud.subject import OnEmbeddedGround

globals().update(moved(OnEmbeddedGround, __name__))
