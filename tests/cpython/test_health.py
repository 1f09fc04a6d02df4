"""The pages that say whether an application is alive and ready."""

import asyncio
import logging

import pytest

from microdot import Microdot
from microdot.health import Health
from microdot.test_client import TestClient


@pytest.fixture
def health():
    return Health()


@pytest.fixture
def client(health):
    app = Microdot()
    health.initialize(app)
    with TestClient(app) as client:
        yield client


def test_without_checks(client):
    response = client.get("/health")
    assert (response.status_code, response.json) == (200, {"status": "alive"})
    response = client.get("/ready")
    assert (response.status_code, response.json) == (200, {"status": "ready", "checks": {}})
    assert response.headers["Cache-Control"] == "no-store"


def test_checks(health, client, caplog):
    state = {"database": True, "disk": None}

    @health.check
    async def database():
        if not state["database"]:
            raise ConnectionError("s3cret address")

    @health.check
    def disk():
        return state["disk"]

    assert client.get("/ready").json["checks"] == {"database": "ok", "disk": "ok"}
    state.update(database=False, disk=False)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            response = client.get("/ready")
    assert response.status_code == 503
    assert response.json == {"status": "not ready", "checks": {"database": "failed", "disk": "failed"}}
    assert len(caplog.records) == 2  # each once, not with every question of a load balancer
    assert client.get("/health").status_code == 200
    state.update(database=True, disk=True)
    assert client.get("/ready").status_code == 200


def test_a_check_that_takes_too_long(health, client):
    @health.check
    async def slow():
        await asyncio.Event().wait()

    health.timeout = 0.01
    assert client.get("/ready").json["checks"] == {"slow": "failed"}


def test_a_check_that_ends_the_program(health, client):
    """The error of a tool's check must not end the server."""

    @health.check
    async def asynchronous():
        raise SystemExit(1)

    @health.check
    def function():
        raise SystemExit(1)

    for _ in range(2):
        response = client.get("/ready")
        assert (response.status_code, response.json["status"]) == (503, "not ready")
