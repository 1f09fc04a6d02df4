import os

import microdot._file_body
import microdot.static
from microdot import Microdot, Response
from microdot.errors import HTTPException
from microdot.static import mount_static, send_from
from microdot.test_client import TestClient
from support import Path, raises

FOLDER = "test-static-%d" % id(object())
FILES = (
    ("www/index.html", "index"),
    ("www/app.js", "script"),
    ("www/docs/index.html", "docs"),
    ("www/docs/gr\u00fcn & blau.txt", "gr\u00fcn"),
    ("www/empty/x.bin", "x"),
    ("www/.env", "secret"),
    ("www/.git/config", "secret"),
    ("secret.txt", "secret"),
    ("www2/secret.txt", "secret"),
)


def make():
    """Make the folder with its files."""
    for name in ("", "/www", "/www/docs", "/www/empty", "/www/.git", "/www2"):
        os.mkdir(FOLDER + name)
    for name, text in FILES:
        with open(FOLDER + "/" + name, "w") as file:
            file.write(text)


def remove():
    """Remove the folder with its files."""
    for name, _ in FILES:
        os.remove(FOLDER + "/" + name)
    for name in ("/www2", "/www/.git", "/www/empty", "/www/docs", "/www", ""):
        os.rmdir(FOLDER + name)


async def run(check):
    """Call *check* with a client of an application that serves the folder in several ways."""
    make()
    try:
        app = Microdot()

        @app.get("/api")
        async def api(request):
            return "api"

        mount_static(app, "/static", FOLDER + "/www")
        mount_static(app, "/cached/", FOLDER + "/www/", max_age=60)
        mount_static(app, "/fixed", FOLDER + "/www", index=None, cache_control="public, immutable")
        mount_static(app, "", FOLDER + "/www")
        await check(TestClient(app))
    finally:
        remove()


async def check_files(client):
    for path, text, kind in (
        ("/static/app.js", "script", "text/javascript"),
        ("/static/docs/index.html", "docs", "text/html"),
        ("/static/docs/gr%C3%BCn%20%26%20blau.txt", "gr\u00fcn", "text/plain"),
        ("/static/docs%2findex.html", "docs", "text/html"),
        ("/app.js", "script", "text/javascript"),
        ("/static/", "index", "text/html"),
        ("/static/docs/", "docs", "text/html"),
        ("/", "index", "text/html"),
        ("/docs/", "docs", "text/html"),
    ):
        res = await client.get(path)
        assert (res.status_code, res.text) == (200, text), path
        assert res.headers["Content-Type"].startswith(kind), path
        assert res.headers["Content-Length"] == str(len(text.encode()))
        res = await client.request("HEAD", path)
        assert (res.status_code, res.body) == (200, None)
    assert (await client.get("/api")).text == "api"
    assert (await client.post("/static/app.js")).status_code == 405


async def test_files():
    await run(check_files)

ATTACKS = (
    "..",
    "../secret.txt",
    "../www2/secret.txt",
    "docs/../../secret.txt",
    "docs/../app.js",
    "%2e%2e/secret.txt",
    "%2E%2E%2Fsecret.txt",
    "..%2fsecret.txt",
    "..%5csecret.txt",
    "..\\secret.txt",
    "docs\\..\\..\\secret.txt",
    ".%2e/secret.txt",
    "%252e%252e/secret.txt",
    "%c0%ae%c0%ae/secret.txt",
    "%ef%bc%8e%ef%bc%8e/secret.txt",
    "./app.js",
    "/app.js",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "C:/secret.txt",
    "C:secret.txt",
    "app.js%00",
    "app.js%00.html",
    "app.js%0a",
    "app.js:stream",
    "app.js.",
    "app.js%20",
    "app.js/",
    "app.js/x",
    ".env",
    ".git/config",
    "...",
    ".. /secret.txt",
    "%2e%2e%20/secret.txt",
    "~/secret.txt",
    "missing",
    "x" * 1500,
    "docs/" * 300,
    "*",
)


async def check_attacks(client):
    for prefix in ("/static/", "/cached/", "/fixed/", "/"):
        for attack in ATTACKS:
            res = await client.get(prefix + attack)
            assert res.status_code == 404 and b"secret" not in res.body, (prefix, attack, res.status_code)


async def test_attacks():
    await run(check_attacks)


async def check_folders(client):
    for path, location in (("/static", "./static/"), ("/static/docs", "./docs/"), ("/docs", "./docs/")):
        res = await client.get(path)
        assert (res.status_code, res.headers["Location"]) == (301, location)
    # not "//evil.example/", which would lead to another host
    for path in ("//evil.example", "/static//evil.example", "//docs"):
        assert (await client.get(path)).status_code == 404
    for path in ("/static/empty/", "/fixed/", "/fixed/docs", "/fixed/docs/"):
        assert (await client.get(path)).status_code == 404, path
    assert (await client.get("/static/empty")).status_code == 301
    assert (await client.get("/fixed/docs/index.html")).text == "docs"


async def test_folders():
    await run(check_folders)


async def check_cache_control(client):
    assert (await client.get("/static/app.js")).headers["Cache-Control"] == "no-cache"
    assert (await client.get("/cached/app.js")).headers["Cache-Control"] == "max-age=60"
    assert (await client.get("/fixed/app.js")).headers["Cache-Control"] == "public, immutable"
    Response.default_send_file_max_age = 7
    try:
        assert (await client.get("/static/app.js")).headers["Cache-Control"] == "max-age=7"
    finally:
        Response.default_send_file_max_age = None
    res = await client.get("/static/app.js")
    again = await client.get("/static/app.js", {"If-None-Match": res.headers["ETag"]})
    assert (again.status_code, again.body) == (304, b"")
    part = await client.get("/static/app.js", {"Range": "bytes=1-3"})
    assert (part.status_code, part.text) == (206, "cri")


async def test_cache_control():
    await run(check_cache_control)


async def check_in_a_handler(client):
    here = Microdot()

    @here.get("/<path:name>")
    async def relative(request, name):
        return send_from("", name)

    assert (await TestClient(here).get("/" + FOLDER + "/www/app.js")).text == "script"
    assert (await TestClient(here).get("/../" + FOLDER + "/www/app.js")).status_code == 404
    assert (await TestClient(here).get("//etc/passwd")).status_code == 404
    res = send_from(FOLDER + "/www", "app.js", max_age=1)
    assert res.headers["Cache-Control"] == "max-age=1"
    res.body.close()


async def test_in_a_handler():
    await run(check_in_a_handler)


def test_no_folder():
    for folder in (None, 5, b"www"):
        with raises(TypeError):
            mount_static(Microdot(), "/static", folder)
        with raises(TypeError):
            send_from(folder, "app.js")


def logged(app, folder):
    """Mount a folder; return the lines that this logs."""
    lines = []
    log_error, microdot.static.log_error = microdot.static.log_error, lines.append
    try:
        mount_static(app, "/static", folder)
    finally:
        microdot.static.log_error = log_error
    return lines


async def check_log(client):
    for folder in (FOLDER + "/www", FOLDER + "/www/", ".", "./", "", Path(FOLDER)):
        assert logged(Microdot(), folder) == [], folder
    for folder in (FOLDER + "/wwww", FOLDER + "/www/app.js", Path(FOLDER + "/no")):
        lines = logged(Microdot(), folder)
        assert len(lines) == 1 and repr(str(folder)) in lines[0] and "'/static'" in lines[0], lines


async def test_a_folder_that_is_not_there_is_logged():
    await run(check_log)


async def check_later(client):
    app = Microdot()
    logged(app, FOLDER + "/later")
    client = TestClient(app)
    assert (await client.get("/static/")).status_code == 404
    os.mkdir(FOLDER + "/later")
    with open(FOLDER + "/later/index.html", "w") as file:
        file.write("later")
    try:
        assert (await client.get("/static/")).text == "later"
    finally:
        os.remove(FOLDER + "/later/index.html")
        os.rmdir(FOLDER + "/later")


async def test_a_folder_may_come_later():
    await run(check_later)


async def check_objects(client):
    app = Microdot()
    mount_static(app, "/static", Path(FOLDER + "/www"))
    assert (await TestClient(app).get("/static/app.js")).text == "script"
    res = send_from(Path(FOLDER + "/www"), "app.js")
    assert res.body.read() == b"script"
    res.body.close()


async def test_folders_that_are_objects():
    await run(check_objects)


async def check_index(client):
    res = send_from(FOLDER + "/www", "docs/")
    assert res.body.read() == b"docs"
    res.body.close()
    for path, index in (("docs/", None), ("docs/", "other.html"), ("empty/", "index.html")):
        with raises(HTTPException) as caught:
            send_from(FOLDER + "/www", path, index)
        assert caught.value.status_code == 404


async def test_the_index_of_a_folder():
    await run(check_index)


# "0123456789" 300 times
GZIP = (
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc6I\x01\x00 \x08\x00\xb0Jx \xda\xbf\x985xl\xaf\xc5\x98k\xe7\xa9"
    b"\xfb\xc2\xcc\xcc\xcc\xcc\xcc\x9a\xee\x03\xbd\xfc\x87\x9a\xb8\x0b\x00\x00"
)
PACKED = ("/www/style.css.gz", "/www/empty/index.html.gz", "/www/docs.gz")


async def check_packed(client):
    for name in PACKED:
        with open(FOLDER + name, "wb") as file:
            file.write(GZIP)
    try:
        for prefix in ("/static", "/cached", ""):
            for path, kind in ((prefix + "/style.css", "text/css"), (prefix + "/empty/", "text/html")):
                for fields, coding in (({}, None), ({"Accept-Encoding": "gzip"}, "gzip")):
                    res = await client.get(path, fields)
                    assert (res.status_code, res.headers.get("Content-Encoding")) == (200, coding), path
                    assert res.body == (GZIP if coding else b"0123456789" * 300)
                    assert res.headers["Content-Type"].startswith(kind)
                    assert res.headers["Vary"] == "Accept-Encoding"
                    fields["If-None-Match"] = res.headers["ETag"]
                    assert (await client.get(path, fields)).status_code == 304
                    head = await client.request("HEAD", path, fields)
                    assert (head.status_code, head.headers["ETag"]) == (304, res.headers["ETag"])
        assert (await client.get("/static/style.css.gz")).body == GZIP
        assert (await client.get("/fixed/empty/index.html")).status_code == 200
        # a folder comes before a file of that name that is there only with .gz
        assert (await client.get("/static/docs")).status_code == 301
        assert (await client.get("/fixed/docs")).status_code == 404
        for path in ("/static/style.css/", "/static/style", "/static/empty", "/fixed/empty/"):
            assert (await client.get(path)).status_code != 200
        microdot._file_body.open_gzip, open_gzip = cannot_unpack, microdot._file_body.open_gzip
        try:
            res = await client.get("/static/style.css")
            assert (res.status_code, res.headers["Vary"]) == (406, "Accept-Encoding")
            assert (await client.get("/static/style.css", {"Accept-Encoding": "gzip"})).body == GZIP
        finally:
            microdot._file_body.open_gzip = open_gzip
    finally:
        for name in PACKED:
            os.remove(FOLDER + name)


def failing(number, packed=False):
    """Return a replacement of `stat()` that fails; with *packed* it says that only the files with .gz are there."""

    def stat(filename):
        raise OSError(2 if packed and not filename.endswith(".gz") else number, filename)

    return stat


async def check_failures(client):
    app = Microdot()
    reported = []
    app.report_exception = lambda request, error, handled: reported.append(error.errno)
    mount_static(app, "/static", FOLDER + "/www")
    client = TestClient(app)
    stat = microdot._file_body.stat
    try:
        for packed in (False, True):
            for number in (5, 12, 23, 24):
                microdot._file_body.stat = failing(number, packed)
                assert (await client.get("/static/app.js")).status_code == 500, number
                assert reported.pop() == number
            for number in (2, 20, 21, 22, 36, 40):
                microdot._file_body.stat = failing(number, packed)
                assert (await client.get("/static/app.js")).status_code == 404, number
    finally:
        microdot._file_body.stat = stat
    assert not reported


async def test_an_error_of_the_machine_is_not_a_missing_file():
    await run(check_failures)


def cannot_unpack(filename):
    raise ImportError


async def test_files_that_are_there_only_compressed():
    await run(check_packed)
