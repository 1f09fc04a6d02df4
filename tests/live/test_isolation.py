"""What one user's request leaves behind, no other request sees: on every server, also on a shared connection."""

import pathlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from live.served import Served
from live.servers import GATEWAYS

PROGRAM = pathlib.Path(__file__).parent / "isolation_app.py"
PATHS = ["/def", "/async", "/session", "/def-session", "/items", "/async-items", "/empty", "/error"]
USERS = ["alice", "bob"]
REQUESTS = 200
CONNECTIONS = 4  # both users' requests go over each


def start(kind):
    return GATEWAYS[kind].start(PROGRAM, "app") if kind in GATEWAYS else Served(kind, PROGRAM)


@pytest.mark.parametrize("kind", ["python", "micropython", *[name for name in GATEWAYS if name != "wsgiref"]])
def test_two_users(kind):
    cookies = {}
    answers = []
    with start(kind) as server:

        def send(client, user, path, cookie):
            request = client.build_request("GET", path, params={"user": user}, headers={"X-User": user})
            request.headers["Cookie"] = cookie
            return client.send(request)

        def connect():
            keeps_alive = kind not in GATEWAYS or GATEWAYS[kind].keep_alive
            headers = {} if keeps_alive else {"Connection": "close"}
            return httpx.Client(
                base_url=f"http://127.0.0.1:{server.port}", headers=headers, timeout=60, trust_env=False
            )

        with connect() as client:
            for user in USERS:
                fields = send(client, user, "/session", f"user={user}").headers
                cookies[user] = f"user={user}; " + fields["Set-Cookie"].partition(";")[0]

        def ask(connection):
            with connect() as client:
                for number in range(connection, REQUESTS, CONNECTIONS):
                    user = USERS[number // CONNECTIONS % 2]
                    path = PATHS[number // CONNECTIONS // 2 % len(PATHS)]
                    answers.append((user, path, send(client, user, path, cookies[user])))

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(ask, range(CONNECTIONS)))
    assert len(answers) == REQUESTS
    for user, path, response in answers:
        assert response.status_code == (418 if path == "/error" else 200), (user, path, response.text)
        if path != "/error":  # after-request hooks do not see errors
            assert (response.headers["X-User"], response.headers["X-Left"]) == (user, ""), (path, response.headers)
        if path != "/empty":
            assert set(response.text.split(",")) == {user}, (path, response.text)
