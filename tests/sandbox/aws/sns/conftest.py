"""An address of the web that SNS can post to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.aws.sns.endpoint import Endpoint


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.stop()
