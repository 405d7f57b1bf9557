"""Whether a webhook was signed with one of the secrets PagerDuty gave out.

https://developer.pagerduty.com/docs/verifying-signatures
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

SIGNATURES = 20
"""How many of a header are looked at; PagerDuty sends two while a secret is being replaced."""
_VERSION = "v1="


def is_signed(body: bytes, header: str, secrets: Sequence[str]) -> bool:
    """True when one of the header's ``v1=<hex>`` is the HMAC-SHA256 of the raw body under one of the secrets.

    Every pair is compared, each in constant time, so that nothing is learnt from how long it took.
    """
    offered = [part.strip() for part in header.split(",")[:SIGNATURES]]
    given = [part.removeprefix(_VERSION).encode("utf-8", "replace") for part in offered if part.startswith(_VERSION)]
    genuine = False
    for secret in secrets:
        right = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
        for one in given:
            genuine |= hmac.compare_digest(one, right)
    return genuine
