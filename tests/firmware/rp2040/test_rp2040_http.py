"""HTTP and HTTPS from the emulated chip to real clients on this machine."""

import concurrent.futures
import json
import shutil
import socket
import ssl
import subprocess

import httpx
import pytest
from emulated import PATIENCE
from needs import needed

from firmware_tools.console import MissingError

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD_TIMEOUT = 4  # seconds of the board's time: board_server.py
HEAP_SLACK = 256  # bytes; what the allocator rounds up differently from one moment to another


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


def heap_in_use(client, server):
    return client.get(address(server, "/heap")).json()["used"]


def test_curl_gets_the_pages_of_the_example(server, tmp_path):
    assert curl(address(server, "/")) == "Hello from Microdot!"
    assert curl(address(server, "/hello/board")) == "Hello, board!"
    assert curl("-L", address(server, "/old")) == "Hello from Microdot!"
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
    assert curl("--cacert", cafile, address(server, "/", 443)) == "Hello from Microdot!"
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


def test_a_small_answer_is_one_tcp_segment(server, client):
    client.get(address(server, "/"))
    server.clear()
    client.get(address(server, "/"))
    assert server.status()["tcp"]["dataSegmentsIn"] == 1


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
def hurried(server):
    """The server, with its idle time passing faster than here."""
    server.pace(20)
    yield server
    server.pace(1)


def test_a_silent_client_is_dropped_at_its_deadline(hurried):
    since = hurried.status()["simulatedMicroseconds"]
    with hurried.connect(8080) as silent:
        assert silent.recv(1) == b""
    assert hurried.status()["simulatedMicroseconds"] - since > HEAD_TIMEOUT * 1e6


def test_a_head_that_stops_is_answered_408(hurried):
    with hurried.connect(8080) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        assert slow.makefile("rb").readline().split()[1] == b"408"


def test_a_client_that_resets_leaves_the_heap_flat(server, client):
    before = heap_in_use(client, server)
    for _ in range(3):
        with server.connect(80) as connection:
            connection.sendall(GET % b"/download/20000")
            connection.recv(100)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert client.get(address(server, "/hello/after")).text == "Hello, after!"
    assert heap_in_use(client, server) <= before + HEAP_SLACK
