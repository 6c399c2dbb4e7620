"""No password is ever shown."""

from __future__ import annotations

import testtools
from hypothesis import given
from hypothesis import strategies as st

from understudy.conductor.masking import mask

SECRETS = st.text(st.characters(codec="ascii", exclude_characters="*"), min_size=4, max_size=12)


class MaskTest(testtools.TestCase):
    def test_what_is_left_of_usual_addresses(self) -> None:
        for url, shown in (
            ("sqlite:////var/lib/one.sqlite", "sqlite:////var/lib/one.sqlite"),
            ("kombu+memory://", "kombu+memory://"),
            ("mysql+pymysql://me:pw@db/one", "mysql+pymysql://me:***@db/one"),
            ("rabbit://me:pw@[::1]:5672/one?ssl=1", "rabbit://me:***@[::1]:5672/one?ssl=1"),
            ("rabbit://a:pw@h1:5672,b:pw@h2:5672/v", "rabbit://a:***@h2:5672/v"),
            ("postgresql://me@db/one", "postgresql://me@db/one"),
            ("redis://:pw@db", "redis://:***@db"),
            ("x://db/one?user=me&sslpassword=pw&a=b", "x://db/one?user=me&sslpassword=***&a=b"),
        ):
            self.assertEqual(shown, mask(url))

    @given(SECRETS, st.sampled_from(("", "/v", "/v?ssl=1", ":5672/v")))
    def test_no_part_of_a_password_is_left(self, secret: str, rest: str) -> None:
        secret = f"s3cr3t{secret}"
        self.assertNotIn("s3cr3t", mask(f"rabbit://me:{secret}@host{rest}"))
        self.assertNotIn(secret, mask(f"rabbit://me:{secret}@h1,other:{secret}@h2{rest}"))

    @given(st.sampled_from(("password", "passwd", "Secret", "auth_token", "ssl_key")))
    def test_nor_of_one_among_the_options(self, name: str) -> None:
        self.assertNotIn("s3cr3t", mask(f"mysql://db/one?a=1&{name}=s3cr3t&b=2"))
