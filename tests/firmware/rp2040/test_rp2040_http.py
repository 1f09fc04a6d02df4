"""HTTP and HTTPS from the emulated chip to real clients on this machine."""

import concurrent.futures
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import time

import httpx
import pytest
from emulated import PATIENCE
from needs import needed

from firmware_tools.console import MissingError

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD_TIMEOUT = 4  # seconds of the board's time: board_server.py
MAX_CONNECTIONS = 8
# Bytes. The collector takes whatever lies on the stack for addresses, and so keeps a few dead objects by chance. What
# is to be found is more: each of several connections that stay takes over 600, a block for each of 200 downloads 3200.
HEAP_SLACK = 1024
RESETS = 8


def pattern(size):
    return bytes(i % 251 for i in range(size))


@pytest.fixture(autouse=True)
def board_log(server):
    """Show what the board has printed beside a test that fails."""
    yield
    print(server.log())


@pytest.fixture(scope="module")
def client(server, certificate):
    """A client without connections kept from test to test."""
    context = ssl.create_default_context(cafile=certificate / "cert.pem")
    with httpx.Client(verify=context, timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        yield client


def address(server, path, board_port=80):
    scheme = "https" if board_port == 443 else "http"
    return f"{scheme}://localhost:{server.port(board_port)}{path}"


def curl(*arguments):
    """Run curl; return what it prints."""
    with needed():
        if shutil.which("curl") is None:
            raise MissingError("curl is not installed")
    done = subprocess.run(
        ["curl", "-sS", "--ipv4", "--max-time", str(PATIENCE), *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_response(stream):
    """Read one response with a Content-Length from a file of a socket; return (status, body)."""
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline().strip()):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, stream.read(length)


def state(client, server):
    """Return how many connections the server on port 80 has, and how many requests for /wait."""
    found = client.get(address(server, "/state", 8080)).json()
    return found["connections"], found["waiting"]


def until(condition):
    """Ask until *condition()* is true."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit


@pytest.fixture
def quiet(server, client):
    """The server without a connection: those of the test before have ended there too."""
    until(lambda: state(client, server)[0] == 0)
    return server


def heap_in_use(client, server):
    """Return the bytes of heap that the server takes when it has no connection but the one that asks."""
    until(lambda: state(client, server)[0] == 0)
    return min(client.get(address(server, "/heap")).json()["used"] for _ in range(5))


def test_curl_gets_the_pages_of_the_example(server, tmp_path):
    assert "Hello from Microdot!" in curl(address(server, "/"))
    assert curl(address(server, "/hello/board")) == "Hello, board!"
    assert "Hello from Microdot!" in curl("-L", address(server, "/old"))
    assert curl("-N", address(server, "/count")) == "1\n2\n3\n4\n5\n"
    posted = curl("--json", '{"on": true}', address(server, "/echo"))
    assert json.loads(posted) == {"you sent": {"on": True}}
    jar = tmp_path / "jar"
    visits = [curl("-b", jar, "-c", jar, address(server, "/visits")) for _ in range(2)]
    assert visits == ["Visit 1", "Visit 2"]
    assert curl("-o", "/dev/null", "-w", "%{http_code}", address(server, "/nowhere")) == "404"


def test_httpx_gets_the_pages_of_the_example(server, client):
    response = client.get(address(server, "/hello/%C3%BC"))
    assert (response.status_code, response.text) == (200, "Hello, ü!")
    assert client.post(address(server, "/echo"), json={"a": [1, 2]}).json() == {"you sent": {"a": [1, 2]}}
    assert client.post(address(server, "/echo"), data={"a": "b"}).status_code == 415
    assert client.request("DELETE", address(server, "/")).status_code == 405


def test_https_serves_curl_and_httpx(server, client, certificate):
    cafile = certificate / "cert.pem"
    assert "Hello from Microdot!" in curl("--cacert", cafile, address(server, "/", 443))
    assert client.get(address(server, "/hello/tls", 443)).text == "Hello, tls!"
    assert client.get(address(server, "/download/3000", 443)).content == pattern(3000)


def test_a_client_that_does_not_trust_the_certificate_leaves_the_server_alone(server, client):
    with pytest.raises(httpx.ConnectError):
        httpx.get(address(server, "/", 443), timeout=PATIENCE)
    assert client.get(address(server, "/", 443)).status_code == 200


def test_connections_are_kept(server):
    with server.connect(80) as connection, connection.makefile("rb") as stream:
        for number in range(10):
            connection.sendall(GET % b"/hello/%d" % number)
            assert read_response(stream) == (200, b"Hello, %d!" % number)


def test_pipelined_requests_are_answered_in_order(server):
    with server.connect(80) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"".join(GET % b"/hello/%d" % number for number in range(8)))
        for number in range(8):
            assert read_response(stream) == (200, b"Hello, %d!" % number)


def test_a_small_answer_is_one_tcp_segment(quiet, client):
    client.get(address(quiet, "/hello/ada"))
    quiet.clear()
    client.get(address(quiet, "/hello/ada"))
    assert quiet.status()["tcp"]["dataSegmentsIn"] == 1


def test_200_sequential_downloads_are_exact_and_leave_the_heap_flat(server, client, note):
    client.get(address(server, "/download/700"))
    before = heap_in_use(client, server)
    for number in range(200):
        size = number * 7 % 700
        assert client.get(address(server, f"/download/{size}")).content == pattern(size)
    after = heap_in_use(client, server)
    note("heap in use before and after 200 downloads", f"{before} and {after} bytes")
    assert after <= before + HEAP_SLACK


def test_4_parallel_downloads_are_exact(server, client):
    sizes = [12000, 12001, 9000, 11111]

    def download(size):
        return httpx.get(address(server, f"/download/{size}"), timeout=PATIENCE).content == pattern(size)

    before = heap_in_use(client, server)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert all(pool.map(download, sizes))
    assert heap_in_use(client, server) <= before + HEAP_SLACK


@pytest.fixture
def connections(quiet):
    """As many connections as the server allows, each with its stream; the first has been idle longest."""
    with contextlib.ExitStack() as stack:
        opened = []
        for number in range(MAX_CONNECTIONS):
            connection = stack.enter_context(quiet.connect(80))
            opened.append((connection, stack.enter_context(connection.makefile("rb"))))
            greet(*opened[-1], number)
        yield opened


def greet(connection, stream, number):
    """Have one request answered."""
    connection.sendall(GET % b"/hello/%d" % number)
    assert read_response(stream) == (200, b"Hello, %d!" % number)


def test_8_connections_are_served_at_once(connections):
    for connection, _ in connections:
        connection.sendall(GET % b"/page/3000")
    for _, stream in connections:
        assert read_response(stream) == (200, b"x" * 3000)


def test_8_connections_at_the_same_moment_are_accepted(quiet):
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(quiet.connect(80)) for _ in range(MAX_CONNECTIONS)]
        for connection in opened:
            connection.sendall(GET % b"/hello/all")
        for connection in opened:
            assert read_response(stack.enter_context(connection.makefile("rb"))) == (200, b"Hello, all!")


def test_one_more_connection_takes_the_place_of_the_idle_one(server, connections):
    with server.connect(80) as newcomer, newcomer.makefile("rb") as stream:
        greet(newcomer, stream, MAX_CONNECTIONS)
        assert connections[0][1].read() == b""
        for number, others in enumerate(connections[1:]):
            greet(*others, number)


def test_one_more_connection_is_refused_when_all_are_busy(server, client, connections):
    for connection, _ in connections:
        connection.sendall(GET % b"/wait")
    until(lambda: state(client, server)[1] == MAX_CONNECTIONS)
    assert client.get(address(server, "/")).status_code == 503
    assert client.post(address(server, "/answer", 8080)).text == "answered"
    for _, stream in connections:
        assert read_response(stream) == (200, b"waited")


@pytest.fixture
def clock(server):
    """A function that lets the server's idle time pass faster than here."""
    yield lambda: server.pace(20)
    server.pace(1)


def test_a_silent_client_is_dropped_at_its_deadline(server, clock):
    since = server.status()["simulatedMicroseconds"]
    with server.connect(8080) as silent:
        clock()
        assert silent.recv(1) == b""
    assert server.status()["simulatedMicroseconds"] - since > HEAD_TIMEOUT * 1e6


def test_a_head_that_stops_is_answered_408(server, clock):
    with server.connect(8080) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        clock()
        assert slow.makefile("rb").readline().split()[1] == b"408"


def test_clients_that_reset_leave_the_heap_flat(server, client):
    before = heap_in_use(client, server)
    for _ in range(RESETS):
        with server.connect(80) as connection:
            connection.sendall(GET % b"/download/20000")
            connection.recv(100)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert client.get(address(server, "/hello/after")).text == "Hello, after!"
    assert heap_in_use(client, server) <= before + HEAP_SLACK
