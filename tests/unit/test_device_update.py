"""Updates as they come over the network: what is refused, and that nothing that runs changes then."""

import os
from binascii import hexlify
from hashlib import sha256

from microdot import Microdot, Request
from microdot._request_body import BodyStream
from microdot.device import _update
from microdot.device._update import MAX_LIST, Updates, sign
from microdot.device._versions import Versions, remove
from microdot.errors import HTTPException
from microdot.test_client import TestClient
from microdot.throttle import Throttle
from support import folder, raises

ROOT = folder() + "/"
SECRET = "abcdefghij"
APP = b"app = None\n"


class Hardware:
    free = 200 * 1024

    def flash_free(self):
        return self.free


class Log:
    def __init__(self):
        self.lines = []

    def write(self, text):
        self.lines.append(text)


class Board:
    """A board that takes updates at /update, and clients that send them; a context manager."""

    def __init__(self):
        remove(ROOT + "versions")
        self.hardware = Hardware()
        self.versions = Versions(ROOT)
        self.log = Log()
        self.updates = Updates(self.versions, self.hardware, self.log, lambda: SECRET, "nonce")
        self.throttle = Throttle(account=(2, 60), address=(100, 1))
        app = Microdot()

        @app.post("/update", max_content_length=None)
        async def update(request):
            return await self.updates.receive(request, self.throttle)

        self.client = TestClient(app)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        remove(ROOT + "versions")

    async def send(self, files, secret=SECRET, nonce=None, listed=None, cut=None, **headers):
        """Send an update; return the response."""
        body = b"".join([content for _, content in files])
        if listed is None:
            listed = list_of(files)
        digest = hexlify(sha256(listed).digest())
        fields = {
            "Update-List": str(len(listed)),
            "Update-Signature": sign(secret, self.updates.nonce if nonce is None else nonce, digest),
        }
        fields.update(headers)
        return await self.client.post("/update", headers=fields, body=(listed + body)[:cut])

    def is_unchanged(self):
        """Return whether the board starts what it has started, and nothing of an update is left."""
        versions = Versions(ROOT)
        versions.load()
        return (versions.folder, versions.state) == (".", "good") and "a" not in names(ROOT + "versions")


def list_of(files):
    lines = ["%d %s %s\n" % (len(data), hexlify(sha256(data).digest()).decode(), name) for name, data in files]
    return "".join(lines).encode()


def names(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def read(path):
    with open(path, "rb") as file:
        return file.read()


async def test_an_update():
    with Board() as board:
        large = bytes(range(256)) * 20
        nonce = board.updates.nonce
        files = [("app.py", APP), ("static/img/logo.bin", large), ("static/empty", b""), ("\u00fc.txt", b"x")]
        response = await board.send(files)
        assert response.status_code == 200, response.text
        name = hexlify(sha256(list_of(files)).digest())[:12].decode()
        assert response.text == name
        assert read(ROOT + "versions/a/static/img/logo.bin") == large
        assert read(ROOT + "versions/a/app.py") == APP and read(ROOT + "versions/a/static/empty") == b""
        versions = Versions(ROOT)
        versions.load()
        assert (versions.folder, versions.state, versions.name) == ("a", "new", name)
        assert board.updates.nonce != nonce and board.updates.progress is None
        assert board.log.lines[-1] == "Update: %s has arrived" % name


async def test_wrong_signatures():
    with Board() as board:
        files = [("app.py", APP)]
        for options in (
            {"secret": "abcdefghik"},
            {"nonce": "0" * 32},
            {"Update-Signature": ""},
            {"Update-Signature": "\u00e9" * 64},
        ):
            board.throttle = Throttle()
            response = await board.send(files, **options)
            assert response.status_code == 403 and "signature is wrong" in response.text
            assert names(ROOT + "versions") == []
        assert (await board.send(files)).status_code == 200


async def test_a_recorded_update_is_refused():
    with Board() as board:
        files = [("app.py", APP)]
        nonce = board.updates.nonce
        assert (await board.send(files)).status_code == 200
        board.versions.mark("good")
        response = await board.send(files, nonce=nonce)
        assert response.status_code == 403 and "send the update again" in response.text
        response = await board.send([("app.py", b"x")], nonce=nonce)
        assert response.status_code == 403


async def test_a_refused_update_serves_once_too():
    with Board() as board:
        nonce = board.updates.nonce
        assert (await board.send([("x.py", APP)])).status_code == 400
        assert (await board.send([("app.py", APP)], nonce=nonce)).status_code == 403


async def test_wrong_signatures_are_counted():
    with Board() as board:
        files = [("app.py", APP)]
        for status in (403, 403, 429, 429):
            assert (await board.send(files, secret="wrong")).status_code == status
        assert (await board.send(files)).status_code == 429


async def test_names_that_lead_elsewhere():
    for name, text in (
        ("../app.py", "folder"), ("/app.py", "folder"), ("a/../../b", "folder"), ("a//b", "folder"), ("a/", "folder"),
        (".", "folder"), ("a/./b", "folder"), ("", "folder"), ("x" * 300, "longer than 100"), ("a\\b", "character"),
        ("C:x", "character"), ("a\tb", "character"), ("\u00fc" * 51, "longer than 100"),
    ):  # fmt: skip
        with Board() as board:
            response = await board.send([("app.py", APP), (name, b"x")])
            assert response.status_code == 400 and text in response.text, (name, response.text)
            assert board.is_unchanged()


async def test_lists_that_are_malformed():
    digest = "0" * 64
    for listed in (
        b"x", b"\n", b"app.py\n", b"1 app.py\n", b"1 00 app.py\n", b"-1 %s app.py\n" % digest.encode(),
        b"+1 %s app.py\n" % digest.encode(), b"1 %s app.py" % digest.encode(), b" %s app.py\n" % digest.encode(),
        b"9999999999 %s app.py\n" % digest.encode(), b"1 %s \xff\n" % digest.encode(),
    ):  # fmt: skip
        with Board() as board:
            response = await board.send([], listed=listed)
            assert response.status_code == 400 and "malformed" in response.text, (listed, response.text)
            assert board.is_unchanged()


async def test_sizes_of_lists():
    with Board() as board:
        for size in ("", "x", "-1", "1_0", " ", "1" * 20):
            response = await board.send([("app.py", APP)], **{"Update-List": size})
            assert response.status_code == 400 and "Update-List" in response.text, size
        response = await board.send([("app.py", APP)], **{"Update-List": "93000"})
        assert response.status_code == 413 and "too many files: its list has 93000 bytes" in response.text
        assert "at most 8192 bytes, about 90 files" in response.text
        response = await board.send([("app.py", APP)], **{"Update-List": str(MAX_LIST)})
        assert response.status_code == 400 and "Only a part of the update" in response.text
        assert board.is_unchanged()


async def test_an_update_without_an_application():
    with Board() as board:
        for files in ([], [("main.py", APP)], [("pages/app.py", APP)]):
            response = await board.send(files)
            assert response.status_code == 400 and response.text == "The update has no app.py, which the board starts"
        for name in ("app.mpy", "app/__init__.py"):
            assert (await board.send([(name, APP)])).status_code == 200
            board.versions.mark("good")


async def test_half_an_update():
    with Board() as board:
        files = [("app.py", APP), ("data", bytes(3000))]
        whole = len(list_of(files)) + len(APP) + 3000
        response = await board.send(files, cut=whole - 1)
        assert response.status_code == 400 and "%d bytes, and its list says %d" % (whole - 1, whole) in response.text
        with raises(HTTPException) as caught:
            await receive(board, files, list_of(files) + APP + bytes(2000))
        assert caught.value.status_code == 400 and "Only a part of the update" in caught.value.reason
        assert board.is_unchanged() and board.updates.progress is None
        assert (await board.send(files)).status_code == 200


async def receive(board, files, data, call=None):
    """Let the board receive *data*, in pieces, as the update with *files*; *call* is awaited before the last one."""
    digest = hexlify(sha256(list_of(files)).digest())
    headers = {
        "Update-List": str(len(list_of(files))),
        "Update-Signature": sign(SECRET, board.updates.nonce, digest),
    }
    pieces = [data[i : i + 1000] for i in range(0, len(data), 1000)]

    async def receive_body(n):
        if not pieces:
            return b""
        if call and len(pieces) == 1:
            await call()
        piece = pieces.pop(0)
        if len(piece) > n:
            pieces.insert(0, piece[n:])
        return piece[:n]

    request = Request(None, None, "POST", "/update", "1.1", headers, stream=BodyStream(receive_body))
    return await board.updates.receive(request, board.throttle)


async def test_a_second_update_during_one():
    with Board() as board:
        files = [("app.py", APP), ("data", bytes(5000))]
        seen = []

        async def other():
            response = await board.send([("app.py", b"other")])
            seen.append((response.status_code, response.text, board.updates.progress))

        whole = list_of(files) + APP + bytes(5000)
        await receive(board, files, whole, other)
        assert seen[0][0] == 409 and "under way" in seen[0][1]
        done, total = seen[0][2]
        assert 0 < done < total == len(APP) + 5000
        assert read(ROOT + "versions/a/app.py") == APP


async def test_a_list_without_a_signature_keeps_nobody_out():
    with Board() as board:
        files = [("app.py", APP)]
        statuses = []
        pieces = [b"1", list_of(files)]

        async def receive_slowly(n):
            statuses.append((await board.send(files)).status_code)
            return pieces.pop(0)[:n]

        fields = {"Update-List": str(len(list_of(files)) + 1), "Update-Signature": "0" * 64}
        request = Request(None, None, "POST", "/update", "1.1", fields, stream=BodyStream(receive_slowly))
        with raises(HTTPException) as caught:
            await board.updates.receive(request, board.throttle)
        assert statuses == [200, 409]
        assert caught.value.status_code == 409 and "on trial" in caught.value.reason
        assert read(ROOT + "versions/a/app.py") == APP


async def test_an_update_during_a_trial():
    with Board() as board:
        files = [("app.py", APP)]
        assert (await board.send(files)).status_code == 200
        for state in ("new", "tried"):
            board.versions.mark(state)
            response = await board.send(files)
            assert response.status_code == 409 and "on trial" in response.text
        board.versions.mark("good")
        assert (await board.send(files)).status_code == 200
        assert names(ROOT + "versions/b") == ["app.py"] and names(ROOT + "versions/a") == ["app.py"]


async def test_contents_that_are_not_what_the_list_says():
    with Board() as board:
        listed = list_of([("app.py", APP), ("data", b"right")])
        response = await board.send([("app.py", APP), ("data", b"wrong")], listed=listed)
        assert response.status_code == 400 and "data is not what the list says" in response.text
        assert board.is_unchanged()


async def test_the_same_name_twice():
    for files in (
        [("app.py", APP), ("app.py", b"other")],
        [("app.py", APP), ("a/b", b""), ("a", b"")],
    ):
        with Board() as board:
            response = await board.send(files)
            assert response.status_code == 400 and "twice" in response.text
            assert board.is_unchanged()
    with Board() as board:
        response = await board.send([("app.py", APP), ("a", b""), ("a/b", b"")])
        assert response.status_code == 500 and "cannot be written" in response.text
        assert board.is_unchanged()


async def test_no_room():
    with Board() as board:
        files = [("app.py", APP), ("data", bytes(1000))]
        board.hardware.free = 24 * 1024 - 1
        response = await board.send(files)
        assert response.status_code == 507 and "needs 24 KB of flash, and only 23 KB are free" in response.text
        assert board.is_unchanged()
        board.hardware.free += 1
        assert (await board.send(files)).status_code == 200


async def test_a_flash_that_is_full_in_the_middle():
    class Full:
        def __init__(self, data):
            self.left = 2

        def update(self, data):
            self.left -= 1
            if not self.left:
                raise OSError(28, "")

        def digest(self):
            return bytes(32)

    with Board() as board:
        original = _update.sha256
        files = [("app.py", bytes(5000))]
        digests = []

        def choose(*data):
            digests.append(data)
            return original(*data) if data else Full(data)

        _update.sha256 = choose
        try:
            response = await board.send(files)
        finally:
            _update.sha256 = original
        assert response.status_code == 507 and "flash is full: nothing has changed" in response.text
        assert board.is_unchanged()
        assert (await board.send(files)).status_code == 200


async def test_what_an_update_replaces():
    with Board() as board:
        assert (await board.send([("app.py", APP), ("old.py", APP)])).status_code == 200
        board.versions.go_back()
        assert (await board.send([("app.py", b"second")])).status_code == 200
        assert names(ROOT + "versions/a") == ["app.py"] and read(ROOT + "versions/a/app.py") == b"second"
