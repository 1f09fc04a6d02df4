"""TLS behaves as plain text does, and never falls back to it."""

import socket
import ssl
import subprocess

import pytest

from wire.reader import EndOfStream, Reader
from wire.server import PATIENCE, Server, reset, send_all, wait_until
from wire.vector import echoed, request


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Paths of a self-signed certificate and its key, in PEM and in DER."""
    folder = tmp_path_factory.mktemp("tls")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem",
            "-out", folder / "cert.pem")  # fmt: skip
    openssl("x509", "-in", folder / "cert.pem", "-outform", "DER", "-out", folder / "cert.der")
    openssl("ec", "-in", folder / "key.pem", "-outform", "DER", "-out", folder / "key.der")
    return folder


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module", params=["strict", "impatient"])
def secure(request, runtime, certificate):
    """A TLS server of two profiles."""
    kind = "pem" if runtime == "cpython" else "der"
    with Server(runtime, request.param, certificate / f"cert.{kind}", certificate / f"key.{kind}") as server:
        server.context = ssl.create_default_context(cafile=certificate / "cert.pem")
        server.profile = request.param
        assert_served(server)
        quiet = server.sockets()
        yield server
        assert_served(server)
        assert wait_until(lambda: server.sockets() <= quiet), "sockets left open"
        assert not server.complaints(), server.log()[-1500:]


def connect(server):
    """Return a TLS connection whose certificate was verified."""
    return server.context.wrap_socket(server.connect(), server_hostname="localhost")


def assert_served(server):
    """The server must answer, at the latest when attackers' connections have ended."""
    assert wait_until(lambda: served(server)), server.log()[-1500:]


def served(server):
    """Whether an ordinary request is answered now."""
    try:
        with connect(server) as sock:
            sock.sendall(request(b"GET / HTTP/1.1", b"Connection: close"))
            return Reader(sock).response().body == b"hello"
    except (OSError, EndOfStream):
        return False


def raw_end(sock):
    """Return what a client of plain text is sent until the server closes."""
    data = b""
    try:
        while piece := sock.recv(4096):
            data += piece
    except ConnectionResetError:
        pass
    return data


def test_requests(secure):
    with connect(secure) as sock:
        reader = Reader(sock)
        sock.sendall(request() + request(b"POST /echo HTTP/1.1", b"Content-Length: 5", body=b"hello"))
        assert reader.response().body == echoed(b"", b"GET")
        assert reader.response().body == echoed(b"hello")
        sock.sendall(request(b"GET /large/200000 HTTP/1.1"))
        assert reader.response().body == b"x" * 200000
        sock.sendall(request(b"GET /sync HTTP/1.1", b"Connection: close"))
        assert reader.response().body == b"one two three"
        reader.end()


def test_large_body_in_one_record(secure):
    """TLS hands over a record at a time, however little of it is read at once: nothing may be left waiting in it."""
    body = b"0123456789" * 90
    with connect(secure) as sock:
        sock.sendall(request(b"POST /echo HTTP/1.1", b"Content-Length: %d" % len(body), body=body) + request() * 3)
        reader = Reader(sock)
        assert reader.response().body == echoed(body)
        assert [reader.response().status for _ in range(3)] == [200] * 3


def test_bad_request(secure):
    with connect(secure) as sock:
        sock.sendall(request(b"GET / HTTP/1.1", b"X : y"))
        reader = Reader(sock)
        response = reader.response()
        assert (response.status, response.persistent) == (400, False)
        reader.end()


def test_plain_text_is_dropped(secure):
    for data in (
        request(),
        b"GET / HTTP/1.0\r\n\r\n",
        b"\r\n" * 100,
        b"\0" * 100,
        b"\x16\x03\x01\xff\xff" + b"x" * 1000,
    ):
        with secure.connect() as sock:
            send_all(sock, data)
            assert b"HTTP/" not in raw_end(sock), "answered in plain text"
        assert_served(secure)


def test_untrusting_client(secure):
    """A client that does not trust the certificate says so in an alert."""
    context = ssl.create_default_context()
    for _ in range(5):
        with secure.connect() as sock, pytest.raises(ssl.SSLError):
            context.wrap_socket(sock, server_hostname="localhost")
    assert_served(secure)


def test_client_without_a_common_version(secure):
    context = ssl.create_default_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")  # no elliptic curve signature: not for this certificate
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with secure.connect() as sock, pytest.raises((ssl.SSLError, ConnectionResetError)):
        context.wrap_socket(sock, server_hostname="localhost")
    assert_served(secure)


def test_reset_in_the_handshake(secure):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = secure.context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    for size in range(0, len(hello) + 1, 16):
        sock = secure.connect()
        sock.sendall(hello[:size])
        reset(sock)
        assert_served(secure)


def test_end_without_close_notify(secure):
    for data in (b"", request()[:-2], request()):
        sock = connect(secure)
        sock.sendall(data)
        plain = socket.socket(fileno=sock.detach())
        plain.close()
    assert_served(secure)


def test_silent_client_is_dropped(secure):
    for data in (b"", b"\x16", b"\x16\x03\x01\x02\0\x01"):
        with secure.connect() as sock:
            sock.sendall(data)
            if secure.profile == "strict":  # its deadlines are an hour and more away, as far as a test can tell
                sock.settimeout(0.5)
                with pytest.raises(TimeoutError):
                    sock.recv(1)
                continue
            sock.settimeout(PATIENCE)
            assert b"HTTP/" not in raw_end(sock)
    if secure.profile == "impatient":
        with connect(secure) as sock, pytest.raises(EndOfStream):  # silent after the handshake
            Reader(sock).response()
        assert "TLS handshake with" in secure.log(), "nothing for the operator"
    assert_served(secure)


def test_silent_clients_do_not_keep_others_out(secure):
    """The handshake of one client does not hold up another's."""
    silent = [secure.connect() for _ in range(2)]
    assert_served(secure)
    for sock in silent:
        sock.close()


def test_what_is_no_context_is_no_plain_text(runtime):
    """A server with an `ssl` that is not a context does not start, and says why; never without TLS."""
    with pytest.raises(AssertionError, match="did not start(.|\n)*ssl must be an SSLContext"):
        Server(runtime, "patient", "no context").__enter__()
