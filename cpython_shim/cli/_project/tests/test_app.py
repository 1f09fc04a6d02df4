"""Tests without a board and without a network; `pytest` runs them."""

import asyncio

import pytest
from microdot.test_client import TestClient

from app import app


def test_the_page_is_served():
    response = asyncio.run(TestClient(app).get("/"))
    assert response.status_code == 200
    assert "<h1>$name</h1>" in response.text


def test_the_light_can_be_switched():
    async def switch_on_and_off():
        client = TestClient(app)
        for wanted in ({"on": True}, {"on": False}):
            response = await client.post("/api/light", body=wanted)
            assert response.json == wanted
            assert (await client.get("/api/light")).json == wanted

    asyncio.run(switch_on_and_off())


@pytest.mark.parametrize("body", [{}, {"on": "yes"}, [True], None])
def test_anything_else_is_refused(body):
    response = asyncio.run(TestClient(app).post("/api/light", body=body))
    assert response.status_code == 400
    assert "error" in response.json
