import io
import os

import microdot.files
from microdot import Request, Response, send_file
from support import folder, raises

CONTENT = b"0123456789" * 300


def write(name, content=CONTENT):
    """Write a file in the tests' folder; return its path."""
    path = folder() + "/" + name
    with open(path, "wb") as file:
        file.write(content)
    return path


def remove(*names):
    for name in names:
        os.remove(folder() + "/" + name)


async def answer(response, method="GET", **fields):
    """Return the response's body as the client that sent a request with these fields gets it."""
    headers = {name.replace("_", "-"): fields[name] for name in fields}
    request = Request(None, None, method, "/", "1.1", headers)
    response.prepare(request)
    response.complete()
    chunks = response.body_iter()
    parts = []
    if method != "HEAD":
        async for chunk in chunks:
            parts.append(bytes(chunk))
    await chunks.aclose()
    return b"".join(parts)


async def test_whole_file():
    response = send_file(write("files-a.txt"))
    assert await answer(response) == CONTENT
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain"
    assert response.headers["Content-Length"] == "3000"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert "Cache-Control" not in response.headers
    assert response.headers["ETag"].startswith('"')
    assert response.headers["Last-Modified"].endswith(" GMT")
    remove("files-a.txt")


async def test_empty_file():
    response = send_file(write("files-empty.txt", b""))
    assert await answer(response) == b""
    assert response.headers["Content-Length"] == "0"
    remove("files-empty.txt")


async def test_options():
    path = write("files-b.txt")
    response = send_file(path, 404, "text/x-test", max_age=60)
    assert await answer(response) == CONTENT
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/x-test"
    assert response.headers["Cache-Control"] == "max-age=60"
    Response.default_send_file_max_age = 5
    try:
        response = send_file(path)
        await answer(response)
        assert response.headers["Cache-Control"] == "max-age=5"
        response = send_file(path, max_age=0)
        await answer(response)
        assert response.headers["Cache-Control"] == "max-age=0"
    finally:
        Response.default_send_file_max_age = None
    remove("files-b.txt")


def test_no_such_file():
    for name in ("files-none.txt", "", "."):
        with raises(OSError):
            send_file(folder() + "/" + name)


async def test_types():
    for name, content_type in (
        ("a.html", "text/html"),
        ("a.HTML", "text/html"),
        ("a.tar.gz", "application/gzip"),
        ("a.js", "text/javascript"),
        ("a.css", "text/css"),
        ("a.json", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.unknown", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ):
        response = send_file(name, stream=io.BytesIO(b"x"))
        assert response.headers["Content-Type"] == content_type, name
    Response.types_map["unknown"] = "text/x-known"
    assert send_file("a.unknown", stream=io.BytesIO(b"x")).headers["Content-Type"] == "text/x-known"
    del Response.types_map["unknown"]


async def test_stream():
    response = send_file("a.txt", stream=io.BytesIO(CONTENT))
    assert await answer(response, Range="bytes=0-1", If_None_Match="*") == CONTENT
    assert response.status_code == 200
    assert "Content-Length" not in response.headers


async def test_compressed():
    path = write("files-c.txt.gz", b"compressed")
    for compressed, coding in ((True, "gzip"), ("br", "br")):
        response = send_file(path[:-3], compressed=compressed, file_extension=".gz")
        assert await answer(response) == b"compressed"
        assert response.headers["Content-Encoding"] == coding
        assert response.headers["Content-Type"] == "text/plain"
        assert response.headers["Content-Length"] == "10"
    remove("files-c.txt.gz")


async def test_compressed_by_name():
    for name, content_type in (("a.css.gz", "text/css"), ("a.gz", "application/octet-stream"), ("gz", "text/x-gz")):
        Response.types_map["gz"], kept = "text/x-gz", Response.types_map["gz"]
        response = send_file(name, stream=io.BytesIO(b"x"), compressed=True)
        Response.types_map["gz"] = kept
        assert response.headers["Content-Type"] == content_type, name
    assert send_file("a.css.gz", stream=io.BytesIO(b"x")).headers["Content-Type"] == "application/gzip"


async def test_compressed_sibling():
    path = write("files-d.txt")
    write("files-d.txt.gz", b"compressed")
    for accepted, expected in (
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
    ):
        response = send_file(path)
        body = await answer(response, Accept_Encoding=accepted)
        assert body == (b"compressed" if expected else CONTENT), accepted
        assert response.headers["Content-Length"] == str(len(body))
        assert ("Content-Encoding" in response.headers) == expected
        assert response.headers["Vary"] == "Accept-Encoding"
        assert response.headers["Content-Type"] == "text/plain"
    plain = send_file(path)
    await answer(plain)
    assert plain.headers["ETag"] != _etag_of_compressed(path)
    remove("files-d.txt", "files-d.txt.gz")


def _etag_of_compressed(path):
    response = send_file(path)
    response.prepare(Request(None, None, "HEAD", "/", "1.1", {"Accept-Encoding": "gzip"}))
    response.body.close()
    return response.headers["ETag"]


async def test_an_older_compressed_sibling_is_left_alone():
    path = write("files-e.txt")
    write("files-e.txt.gz", b"compressed")
    stat = microdot.files.stat
    microdot.files.stat = lambda name: (stat(name)[0], 1000 if name.endswith(".gz") else 2000, 0)
    try:
        response = send_file(path)
        assert await answer(response, Accept_Encoding="gzip") == CONTENT
        assert "Vary" not in response.headers
    finally:
        microdot.files.stat = stat
    remove("files-e.txt", "files-e.txt.gz")


async def test_a_filesystem_without_times():
    path = write("files-f.txt")
    stat = microdot.files.stat
    microdot.files.stat = lambda name: (stat(name)[0], 0, 0)
    try:
        response = send_file(path)
        assert await answer(response, If_None_Match="*", If_Modified_Since="Mon, 01 Jan 2024 00:00:00 GMT") == CONTENT
        assert "ETag" not in response.headers
        assert "Last-Modified" not in response.headers
    finally:
        microdot.files.stat = stat
    remove("files-f.txt")


async def conditional(path, method="GET", **fields):
    response = send_file(path)
    body = await answer(response, method, **fields)
    if response.status_code == 304:
        assert body == b""
        assert "Content-Length" not in response.headers
        assert "Content-Type" not in response.headers
        assert "ETag" in response.headers
    return response.status_code


async def test_conditional_requests():
    path = write("files-g.txt")
    original = send_file(path)
    await answer(original)
    etag = original.headers["ETag"]
    modified = original.headers["Last-Modified"]
    for method in ("GET", "HEAD"):
        for value in (etag, "W/" + etag, '"x", ' + etag, "*", ' "x" ,W/' + etag + " "):
            assert await conditional(path, method, If_None_Match=value) == 304, value
        for value in ('"x"', "", etag[1:-1], '"x", "y"'):
            assert await conditional(path, method, If_None_Match=value) == 200, value
        assert await conditional(path, method, If_Modified_Since=modified) == 304
        assert await conditional(path, method, If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT") == 304
        assert await conditional(path, method, If_Modified_Since="Sun, 06 Nov 1994 08:49:37 GMT") == 200
        assert await conditional(path, method, If_Modified_Since="nonsense") == 200
    # RFC 9110, section 13.1.3: If-None-Match comes before If-Modified-Since
    assert await conditional(path, If_None_Match='"x"', If_Modified_Since=modified) == 200
    assert await conditional(path, "POST", If_None_Match=etag) == 200
    remove("files-g.txt")


async def test_preconditions():
    path = write("files-p.txt")
    original = send_file(path)
    await answer(original)
    etag = original.headers["ETag"]
    modified = original.headers["Last-Modified"]
    for method in ("GET", "HEAD"):
        for value in (etag, '"x", ' + etag, "*"):
            assert await conditional(path, method, If_Match=value) == 200, value
        for value in ('"x"', "W/" + etag, ""):
            assert await conditional(path, method, If_Match=value) == 412, value
        assert await conditional(path, method, If_Unmodified_Since=modified) == 200
        assert await conditional(path, method, If_Unmodified_Since="nonsense") == 200
        assert await conditional(path, method, If_Unmodified_Since="Sun, 06 Nov 1994 08:49:37 GMT") == 412
    # RFC 9110, section 13.2.2: If-Match comes before If-Unmodified-Since, and both before the others
    assert await conditional(path, If_Match=etag, If_Unmodified_Since="Sun, 06 Nov 1994 08:49:37 GMT") == 200
    assert await conditional(path, If_Match='"x"', If_None_Match=etag, Range="bytes=0-1") == 412
    remove("files-p.txt")


async def test_ranges():
    path = write("files-h.txt")
    for field, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=0-9", 0, 10),
        ("bytes=995-1004", 995, 1005),
        ("bytes=2990-", 2990, 3000),
        ("bytes=2990-9999", 2990, 3000),
        ("bytes=2990-999999999999999", 2990, 3000),
        ("bytes=-5", 2995, 3000),
        ("bytes=-9999", 0, 3000),
        ("BYTES = 1-2", 1, 3),
    ):
        response = send_file(path)
        assert await answer(response, Range=field) == CONTENT[start:end], field
        assert response.status_code == 206, field
        assert response.headers["Content-Range"] == "bytes %d-%d/3000" % (start, end - 1)
        assert response.headers["Content-Length"] == str(end - start)
    remove("files-h.txt")


async def test_ranges_that_are_not_there():
    path = write("files-i.txt")
    for field in ("bytes=3000-", "bytes=9999-10000", "bytes=-0"):
        response = send_file(path)
        assert await answer(response, Range=field) == b"", field
        assert response.status_code == 416, field
        assert response.headers["Content-Range"] == "bytes */3000"
        assert response.headers["Content-Length"] == "0"
    remove("files-i.txt")


async def test_ranges_that_are_not_understood():
    path = write("files-j.txt")
    fields = ["bytes=0-1,3-4", "bytes=5-4", "bytes=a-b", "bytes=-", "bytes=", "bytes", "lines=0-1", "bytes=+1-2"]
    many = "1" * 5000  # more digits than CPython converts
    for field in fields + ["bytes=0-" + many, "bytes=-" + many, "bytes=" + many + "-", "bytes=0-1" + "0" * 15]:
        response = send_file(path)
        assert await answer(response, Range=field) == CONTENT, field
        assert response.status_code == 200, field
    response = send_file(path)
    assert await answer(response, "HEAD", Range="bytes=0-1") == b""
    assert response.status_code == 200
    remove("files-j.txt")


async def test_range_of_the_file_that_the_client_has():
    path = write("files-k.txt")
    original = send_file(path)
    await answer(original)
    for condition in (original.headers["ETag"], original.headers["Last-Modified"]):
        assert len(await answer(send_file(path), Range="bytes=0-1", If_Range=condition)) == 2
    for condition in ('"x"', "Sun, 06 Nov 1994 08:49:37 GMT", "W/" + original.headers["ETag"]):
        assert len(await answer(send_file(path), Range="bytes=0-1", If_Range=condition)) == 3000
    remove("files-k.txt")


async def test_head_closes_the_file():
    response = send_file(write("files-l.txt"))
    file = response.body
    assert await answer(response, "HEAD") == b""
    assert response.headers["Content-Length"] == "3000"
    with raises((ValueError, OSError)):
        file.read(1)
    remove("files-l.txt")


async def test_a_small_file_that_became_shorter():
    response = send_file(write("files-s.txt", b"0123456789"))
    response.body.close()
    response.body = io.BytesIO(b"01234")  # a file system may go on showing the file as it was
    assert await answer(response) == b"01234"
    assert response.headers["Content-Length"] == "5"
    remove("files-s.txt")
