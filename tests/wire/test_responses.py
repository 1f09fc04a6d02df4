"""What the server sends, and what becomes of the connection when the application fails."""

import socket
import struct
import time
from contextlib import suppress

import pytest

from wire.reader import Fault, Reader
from wire.vector import request


@pytest.mark.parametrize("what", ["value", "name", "lf", "cr", "redirect", "cookie", "late", "reason"])
def test_line_ends_in_a_header_are_refused(patient, what):
    response = patient.get(f"/split/{what}")
    assert response.status == 500, response
    assert "x-injected" not in response.headers
    assert b"X-Injected" not in response.body


@pytest.mark.parametrize("where", ["handler", "handled"])
def test_failing_handlers(patient, where):
    response = patient.get(f"/fail/{where}")
    assert response.status == 500
    assert b"fault" not in response.body and b"Traceback" not in response.body, "details for a client"
    assert "ValueError" in patient.log(), "nothing for the developer"


def test_aborting_error_handler(patient):
    assert patient.get("/fail/aborting").status == 409


def test_a_handler_that_fails_does_not_end_the_connection(patient):
    with patient.connect() as sock:
        reader = Reader(sock)
        for path, status in ((b"/fail/handler", 500), (b"/fail/handled", 500), (b"/fail/aborting", 409), (b"/", 200)):
            sock.sendall(request(b"GET " + path + b" HTTP/1.1"))
            response = reader.response()
            assert (response.status, response.persistent) == (status, True)


@pytest.mark.parametrize("where", ["body", "known", "file"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_failing_bodies_are_not_taken_for_whole_ones(patient, where, version):
    """The connection ends before the last chunk or the announced length; a 1.0 client can only be reset or cut."""
    with patient.connect() as sock:
        sock.sendall(request(f"GET /fail/{where} HTTP/{version}".encode()) + request())
        try:
            response = Reader(sock).response(version=version)
        except (Fault, ConnectionResetError):
            return
        assert version == "1.0" and where != "known" or response.status == 500, response


def closed(server):
    """How many bodies the application saw closed."""
    return int(server.get("/closed").body)


def test_failing_file_is_closed(patient):
    before = closed(patient)
    with patient.connect() as sock:
        sock.sendall(request(b"GET /fail/file HTTP/1.1"))
        with suppress(Fault, ConnectionResetError):
            Reader(sock).response()
    assert closed(patient) == before + 1


def test_bodies_are_closed(patient):
    """aclose() and close() are called once each: at the end, for HEAD, for a client of HTTP/1.0."""
    before = closed(patient)
    for number, line in enumerate(
        ["GET /short", "HEAD /short", "GET /countdown/3", "HEAD /countdown/3", "GET /sync", "HEAD /sync", "GET /file"]
    ):
        for version in ("1.1", "1.0"):
            with patient.connect() as sock:
                sock.sendall(request(f"{line} HTTP/{version}".encode()))
                assert Reader(sock).response(line.split()[0], version).status == 200
        assert closed(patient) == before + 2 * min(number + 1, 4), line


def test_head_and_small_body_are_one_segment(patient):
    """Each write can be a segment of its own; TCP_INFO counts those that brought data."""
    data_segments_in = 152  # the offset in Linux's struct tcp_info
    for path in (b"/", b"/field/Host", b"/unknown", b"/nothing", b"/json"):
        with patient.connect() as sock:
            sock.sendall(request(b"GET " + path + b" HTTP/1.1", b"Connection: close"))
            reader = Reader(sock)
            reader.response()
            reader.end()
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
            assert struct.unpack_from("I", info, data_segments_in) == (1,), path


def test_date(patient):
    """The clocks of both runtimes are set here, so there is a Date, and it is now."""
    stamp = patient.get("/").headers["date"]
    sent = time.mktime(time.strptime(stamp, "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
    assert abs(sent - time.time()) < 3600


def test_file_has_a_length(patient):
    response = patient.get("/file")
    assert int(response.headers["content-length"]) == len(response.body)
    head = patient.get("/file", "HEAD")
    assert head.headers["content-length"] == response.headers["content-length"]
    assert not any(name.endswith("wire/app.py") for name in patient.open_files()), "the file stays open"


def test_405_names_the_methods(patient):
    allowed = {method.strip() for method in patient.get("/echo", "DELETE").headers["allow"].split(",")}
    assert {"GET", "HEAD", "OPTIONS", "POST", "PUT"} == allowed


def test_bad_json_is_the_clients_fault(patient):
    for text in (b"{", b"", b"nul", b"{]}", b"\xff"):
        response = patient.get("/json", "POST", text, ["Content-Type: application/json"])
        assert response.status == 400 or not text and response.status == 200, (text, response)


def test_arguments_without_a_query_string(patient):
    assert patient.get("/args").body == b"[]"


def test_a_connection_that_is_never_used(strict):
    for _ in range(50):
        strict.connect().close()
    strict.assert_alive()
    assert not strict.complaints(), strict.log()


def test_answers_to_nobody_are_not_reported(strict):
    """A client that leaves before its answer is no fault of the application: no traceback."""
    for path in (b"/wait/1", b"/large/1000000", b"/file", b"/countdown/100"):
        for _ in range(5):
            with strict.connect() as sock:
                sock.sendall(request(b"GET " + path + b" HTTP/1.1"))
    strict.assert_alive()
