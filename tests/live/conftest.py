"""What the tests of running servers share."""

import pytest


@pytest.fixture
def client(served):
    """A client of the module's server, `served`."""
    with served.client() as client:
        yield client
