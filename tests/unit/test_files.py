import gc
import io
import os
from binascii import crc32

import microdot._file_body
from microdot import Request, Response, send_file
from microdot._compat import MICROPYTHON
from microdot.errors import HTTPException
from support import Path, folder, raises

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


async def answer(response, method="GET", keep=True, **fields):
    """Return the response's body as the client that sent a request with these fields gets it, unless not *keep*."""
    headers = {name.replace("_", "-"): fields[name] for name in fields}
    request = Request(None, None, method, "/", "1.1", headers)
    response.prepare(request)
    response.complete()
    chunks = response.body_iter()
    parts = []
    if method != "HEAD":
        async for chunk in chunks:
            if keep:
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
    stat = microdot._file_body.stat
    microdot._file_body.stat = lambda name: (stat(name)[0], 1000 if name.endswith(".gz") else 2000, 0)
    try:
        response = send_file(path)
        assert await answer(response, Accept_Encoding="gzip") == CONTENT
        assert "Vary" not in response.headers
    finally:
        microdot._file_body.stat = stat
    remove("files-e.txt", "files-e.txt.gz")


async def test_a_compressed_sibling_that_cannot_be_opened_is_left_alone():
    path = write("files-v.txt")
    write("files-v.txt.gz", b"compressed")
    opened = []

    def refuse(name, mode):
        if name.endswith(".gz"):
            raise OSError(13)
        opened.append(open(name, mode))  # noqa: SIM115 - the body closes it
        return opened[-1]

    for method, body in ("GET", CONTENT), ("HEAD", b""):
        microdot._file_body.open = refuse
        try:
            response = send_file(path)
            assert await answer(response, method, Accept_Encoding="gzip") == body
        finally:
            del microdot._file_body.open
        assert response.headers["Content-Length"] == "3000" and "Content-Encoding" not in response.headers
        assert response.headers["Vary"] == "Accept-Encoding"
        plain = send_file(path)
        await answer(plain)
        assert response.headers["ETag"] == plain.headers["ETag"]
    assert len(opened) == 2
    for file in opened:
        with raises((OSError, ValueError)):
            file.read(1)  # it has been closed
    remove("files-v.txt", "files-v.txt.gz")


async def test_a_filesystem_without_times():
    path = write("files-f.txt")
    stat = microdot._file_body.stat
    microdot._file_body.stat = lambda name: (stat(name)[0], 0, 0)
    try:
        response = send_file(path)
        assert await answer(response, If_None_Match="*", If_Modified_Since="Mon, 01 Jan 2024 00:00:00 GMT") == CONTENT
        assert "ETag" not in response.headers
        assert "Last-Modified" not in response.headers
    finally:
        microdot._file_body.stat = stat
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
        ("bytes=100-2500", 100, 2501),
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
    path = write("files-s.txt", b"01234")
    stat = microdot._file_body.stat
    microdot._file_body.stat = lambda name: (10, 0, 0)  # a filesystem may go on showing the file as it was
    try:
        response = send_file(path)
    finally:
        microdot._file_body.stat = stat
    assert await answer(response) == b"01234"
    assert response.headers["Content-Length"] == "5"
    remove("files-s.txt")


class Opened:
    """Context manager: the files that `microdot._file_body` opens, each a wrapper that tells whether it is closed."""

    def __enter__(self):
        self.files = []
        self.open_gzip = microdot._file_body.open_gzip
        microdot._file_body.open = lambda *arguments: self.keep(open(*arguments))  # noqa: SIM115
        microdot._file_body.open_gzip = self.unpack
        return self

    def __exit__(self, *exc_info):
        del microdot._file_body.open
        microdot._file_body.open_gzip = self.open_gzip

    def unpack(self, filename):
        microdot._file_body.open, kept = open, microdot._file_body.open
        try:
            return self.keep(self.open_gzip(filename))
        finally:
            microdot._file_body.open = kept

    def keep(self, file):
        self.files.append(Wrapper(file))
        return self.files[-1]

    def all_closed(self):
        return len(self.files) > 0 and not [file for file in self.files if not file.closed]


class Wrapper:
    def __init__(self, file):
        self.read = file.read
        self.seek = getattr(file, "seek", None)
        self.readinto = file.readinto
        self.file = file
        self.closed = False

    def close(self):
        self.closed = True
        self.file.close()


async def test_files_are_closed_whatever_the_answer_is():
    path = write("files-m.txt", b"0123456789" * 7000)  # more than is read at once
    small = write("files-n.txt", b"0123456789")
    packed = write("files-o.txt")
    write("files-o.txt.gz", b"compressed")
    original = send_file(path)
    etag = original.headers["ETag"]
    original.body.close()
    for name, method, fields, status_code in (
        (path, "GET", {}, 200),
        (path, "HEAD", {}, 200),
        (path, "POST", {}, 200),
        (small, "GET", {}, 200),
        (small, "HEAD", {}, 200),
        (path, "GET", {"If_None_Match": etag}, 304),
        (path, "HEAD", {"If_None_Match": etag}, 304),
        (path, "GET", {"If_Match": '"x"'}, 412),
        (path, "GET", {"Range": "bytes=5-69999"}, 206),
        (path, "GET", {"Range": "bytes=5-6"}, 206),
        (path, "GET", {"Range": "bytes=999999-"}, 416),
        (packed, "GET", {"Accept_Encoding": "gzip"}, 200),
        (packed, "HEAD", {"Accept_Encoding": "gzip"}, 200),
    ):
        with Opened() as opened:
            response = send_file(name)
            await answer(response, method, False, **fields)
            assert response.status_code == status_code, (name, method, fields)
            assert opened.all_closed(), (name, method, fields)
    remove("files-m.txt", "files-n.txt", "files-o.txt", "files-o.txt.gz")


async def test_a_page_for_an_error_stays_one():
    path = write("files-q.html")
    write("files-q.html.gz", b"compressed")
    original = send_file(path)
    await answer(original)
    etag = original.headers["ETag"]
    for fields in ({"If_None_Match": etag}, {"If_Match": '"x"'}, {"Range": "bytes=0-1"}, {"Accept_Encoding": "gzip"}):
        response = send_file(path, 404)
        assert await answer(response, **fields) == CONTENT
        assert response.status_code == 404
    remove("files-q.html", "files-q.html.gz")


# The tests' CONTENT
GZIP = (
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc6I\x01\x00 \x08\x00\xb0Jx \xda\xbf\x985xl\xaf\xc5\x98k\xe7\xa9"
    b"\xfb\xc2\xcc\xcc\xcc\xcc\xcc\x9a\xee\x03\xbd\xfc\x87\x9a\xb8\x0b\x00\x00"
)


async def test_where_only_a_compressed_file_is_there():
    write("files-t.js.gz", GZIP)
    path = folder() + "/files-t.js"
    tags = set()
    for accepted, coding in (
        ("gzip", "gzip"),
        ("*", "gzip"),
        ("br, *;q=0.1", "gzip"),
        ("*;q=0, gzip", "gzip"),
        ("*, gzip;q=0", None),
        ("br", None),
        ("", None),
        ("gzip;q=0", None),
    ):
        for method in ("GET", "HEAD"):
            with Opened() as opened:
                response = send_file(path)
                body = await answer(response, method, Accept_Encoding=accepted)
                assert opened.all_closed()
            if method == "GET":
                assert body == (GZIP if coding else CONTENT), accepted
            assert response.status_code == 200
            assert response.headers["Content-Type"] == "text/javascript"
            assert response.headers["Vary"] == "Accept-Encoding"
            assert response.headers.get("Content-Encoding") == coding
            assert response.headers.get("Content-Length") == (str(len(GZIP)) if coding else None)
            assert ("Accept-Ranges" in response.headers) == bool(coding)
            tags.add((coding, response.headers["ETag"]))
    assert len(tags) == 2 and len({etag for _, etag in tags}) == 2
    for coding, etag in tags:
        response = send_file(path)
        assert await answer(response, Accept_Encoding=coding or "", If_None_Match=etag) == b""
        assert response.status_code == 304
        assert response.headers["Vary"] == "Accept-Encoding"
    response = send_file(path)
    assert await answer(response, Accept_Encoding="gzip", Range="bytes=1-3") == GZIP[1:4]
    assert response.headers["Content-Range"] == "bytes 1-3/%d" % len(GZIP)
    response = send_file(path)
    assert await answer(response, Range="bytes=1-3") == CONTENT
    assert response.status_code == 200
    response = send_file(path, 404)
    assert await answer(response, Accept_Encoding="gzip") == CONTENT
    remove("files-t.js.gz")


def test_unpacking_takes_as_much_memory_as_there_is_content():
    start = bytes([number * 7 % 251 for number in range(500)])
    content = start + start[:12]  # packed as the first 500 bytes, and 12 bytes from 500 bytes before
    packed = b"\x1f\x8b\x08" + bytes(7) + b"\x00\xf4\x01\x0b\xfe" + start + b"C\x8es\x00"
    packed += crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    path = write("files-m.gz", packed)
    gc.collect()
    before = MICROPYTHON and gc.mem_alloc()
    file = microdot._file_body.open_gzip(path)
    assert file.read(1) == content[:1]
    assert not MICROPYTHON or gc.mem_alloc() - before < 4096
    assert file.read() == content[1:]
    file.close()
    remove("files-m.gz")


async def test_a_board_that_cannot_unpack():
    def cannot(filename):
        raise ImportError

    write("files-u.js.gz", GZIP)
    path = folder() + "/files-u.js"
    open_gzip, microdot._file_body.open_gzip = microdot._file_body.open_gzip, cannot
    try:
        for accepted in ("gzip", "", "br"):
            with Opened() as opened:
                response = send_file(path)
                if accepted == "gzip":
                    assert await answer(response, Accept_Encoding=accepted) == GZIP
                    assert response.headers["Content-Encoding"] == "gzip"
                    assert response.headers["Vary"] == "Accept-Encoding"
                else:
                    with raises(HTTPException) as caught:
                        await answer(response, Accept_Encoding=accepted)
                    assert caught.value.status_code == 406
                    assert caught.value.headers == {"Vary": "Accept-Encoding"}
                assert opened.all_closed()
    finally:
        microdot._file_body.open_gzip = open_gzip
    remove("files-u.js.gz")


def test_no_compressed_file_is_looked_for_where_there_is_a_folder_or_a_coding():
    path = write("files-v.gz", GZIP)[:-3]
    with raises(OSError):
        send_file(path, compressed="br")
    os.mkdir(path)
    try:
        with raises(OSError):
            send_file(path)
    finally:
        os.rmdir(path)
    send_file(path).body.close()
    remove("files-v.gz")
    with raises(OSError) as caught:
        send_file(path)
    assert caught.value.errno == 2 and ".gz" not in str(caught.value)


async def test_a_subclass_makes_its_own():
    class Page(Response):
        default_send_file_max_age = 7
        types_map = {"x": "text/x-own"}

        def __init__(self, body="", status_code=200, headers=None, reason=None):
            super().__init__(body, status_code, headers, reason)
            self.headers["X-Frame-Options"] = "DENY"

    path = write("files-w.x")
    for response in (Page.send_file(path), Page.send_file("w.x", stream=io.BytesIO(CONTENT))):
        assert isinstance(response, Page)
        assert await answer(response) == CONTENT
        assert response.headers["Cache-Control"] == "max-age=7"
        assert response.headers["Content-Type"] == "text/x-own"
        assert response.headers["X-Frame-Options"] == "DENY"
    response = Page.send_file(path)
    assert await answer(response, Range="bytes=1-2") == b"12"
    assert isinstance(Page.redirect("/"), Page)
    remove("files-w.x")


async def test_paths_that_are_objects():
    path = write("files-x.txt")
    assert await answer(send_file(Path(path))) == CONTENT
    for wrong in (None, 5, b"files-x.txt", object()):
        with raises(TypeError):
            send_file(wrong)
    remove("files-x.txt")


async def test_a_file_in_a_response_of_an_applications_own():
    path = write("files-y.txt")
    response = Response(microdot._file_body.FileBody(path, False))
    assert await answer(response, Range="bytes=0-4") == b"01234"
    assert response.status_code == 206
    body = microdot._file_body.FileBody(path, False)
    assert body.read(3) + body.read() + body.read() == CONTENT
    body.close()
    remove("files-y.txt")
