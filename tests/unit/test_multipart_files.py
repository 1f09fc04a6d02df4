"""Temporary files and half-written ones: gone, whatever happens."""

import asyncio
import os

from microdot import Microdot, Request, abort
from microdot._request_body import AsyncBytesIO
from microdot.multipart import FileUpload, FormDataIter, with_form_data
from microdot.test_client import TestClient
from microdot.uploads import save_body, save_stream
from support import Path, raises

FOLDER = "test-files-%d" % id(object())


def setup():
    """Make an empty folder for the files of a test."""
    try:
        os.mkdir(FOLDER)
    except OSError:
        cleanup()  # a test has failed
        os.mkdir(FOLDER)
    FileUpload.temporary_folder = FOLDER


def cleanup():
    """Remove the folder; it must be empty."""
    FileUpload.temporary_folder = ""
    left = os.listdir(FOLDER)
    for name in left:
        os.remove(FOLDER + "/" + name)
    os.rmdir(FOLDER)
    return left


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Case:
    """An application, a client and a folder."""

    def __init__(self):
        setup()
        self.app = Microdot()
        self.client = TestClient(self.app)
        self.files = []

    async def post(self, files):
        return await self.client.post("/", files=files)


async def test_temporary_files_go_after_the_handler():
    for failing in (False, True):
        case = Case()

        @case.app.post("/")
        @with_form_data
        async def handler(request, failing=failing, case=case):
            case.files.append(request.files["f"])
            case.files.append(request.files["f"]._file)
            assert len(await request.files["f"].read()) == 1400
            if failing:
                abort(409)
            return "ok"

        res = await case.post({"f": b"x" * 1400, "g": b"y" * 1100})
        assert res.status_code == (409 if failing else 200)
        assert case.files[1] is not None, "the file was not on disk"
        with raises(ValueError):
            await case.files[0].read()
        assert cleanup() == []


async def test_temporary_files_go_when_the_form_ends_early():
    case = Case()

    @case.app.post("/")
    @with_form_data
    async def handler(request):
        raise AssertionError("not to be called")

    head = '--x\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\n'
    body = (head % "f" + "1" * 1400 + "\r\n" + head % "g" + "2" * 1400).encode()
    for end in (1500, len(body)):
        res = await case.client.post("/", {"Content-Type": "multipart/form-data; boundary=x"}, body[:end])
        assert res.status_code == 400
    assert cleanup() == []


async def test_temporary_files_go_when_the_request_is_cancelled():
    setup()

    class Request:
        content_type = "multipart/form-data; boundary=x"
        max_fields = 10

        def __init__(self):
            self.reads = 0
            self.stream = self

        def reserve(self, size):
            pass

        async def read(self, n):
            self.reads += 1
            if self.reads == 1:
                return b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
            if self.reads == 20:
                await asyncio.sleep(100)
            return b"1" * 256

    @with_form_data
    async def handler(request):
        raise AssertionError("not to be called")

    request = Request()
    task = asyncio.create_task(handler(request))
    while request.reads < 20:
        await asyncio.sleep(0)
    task.cancel()
    with raises(asyncio.CancelledError):
        await task
    assert cleanup() == []


async def test_copy_and_close():
    setup()
    file = FileUpload("a", None, AsyncBytesIO(b"12345").read)
    await file.copy(3)
    assert file._file is not None and await file.read(2) == b"12" and await file.read() == b"345"
    await file.close()
    await file.close()
    file = await FileUpload("a", None, AsyncBytesIO(b"12345").read).copy(6)
    assert file._file is None and await file.read() == b"12345"
    await file.close()
    assert cleanup() == []


async def test_a_failed_copy_leaves_nothing():
    setup()
    pieces = [b"4", b"3", b"12"]

    async def read(n):
        if not pieces:
            raise OSError(5)
        return pieces.pop()

    file = FileUpload("a", None, read)
    with raises(OSError):
        await file.copy(3)
    assert file._file is None
    assert cleanup() == []


async def test_save():
    case = Case()
    path = FOLDER + "/saved"

    @case.app.post("/")
    async def handler(request):
        async for _, file in FormDataIter(request):
            size = await file.save(path)
        return str(size)

    assert (await case.post({"f": b"x" * 3000})).text == "3000"
    assert content(path) == b"x" * 3000
    assert (await case.post({"f": b"short"})).text == "5"
    assert content(path) == b"short"
    os.remove(path)
    assert cleanup() == []


async def test_save_to_a_path_object():
    case = Case()
    path = FOLDER + "/saved"

    @case.app.post("/")
    async def handler(request):
        async for _, file in FormDataIter(request):
            size = await file.save(Path(path))
        return str(size)

    @case.app.put("/")
    async def put(request):
        return str(await save_body(request, Path(path)))

    assert (await case.post({"f": b"12345"})).text == "5"
    assert content(path) == b"12345"
    assert (await case.client.put("/", body=b"123")).text == "3"
    assert content(path) == b"123"
    os.remove(path)
    for wrong in (None, 5):
        with raises(TypeError):
            await save_stream(None, wrong)
    assert cleanup() == []


async def test_save_to_an_open_file():
    case = Case()

    @case.app.post("/")
    async def handler(request):
        with open(FOLDER + "/saved", "wb") as out:
            out.write(b"<")
            async for _, file in FormDataIter(request):
                await file.save(out)
            out.write(b">")
        return "ok"

    assert (await case.post({"f": b"12345"})).text == "ok"
    assert content(FOLDER + "/saved") == b"<12345>"
    os.remove(FOLDER + "/saved")
    assert cleanup() == []


async def test_save_body():
    case = Case()
    path = FOLDER + "/image"

    @case.app.put("/", max_content_length=3000)
    async def put(request):
        return str(await save_body(request, path))

    Request.max_body_length = 100
    try:
        for size in (0, 1, 1024, 3000):
            assert (await case.client.put("/", body=b"z" * size)).text == str(size)
            assert os.stat(path)[6] == size
        assert (await case.client.put("/", body=b"z" * 3001)).status_code == 413
    finally:
        Request.max_body_length = 16 * 1024
    assert os.stat(path)[6] == 3000
    os.remove(path)
    assert cleanup() == []


async def test_saves_to_one_path_at_once():
    setup()
    path = FOLDER + "/shared"
    go = asyncio.Event()

    def source(*pieces):
        pieces = list(pieces)

        async def read(n):
            if len(pieces) == 1:
                await go.wait()
            piece = pieces.pop(0) if pieces else b""
            if piece is None:
                raise OSError(5)
            return piece

        return read

    first = asyncio.create_task(save_stream(source(b"a" * 10, b"a" * 10), path))
    failing = asyncio.create_task(save_stream(source(b"f", None), path))
    last = asyncio.create_task(save_stream(source(b"b" * 10, b"b" * 5), path))
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(os.listdir(FOLDER)) == 3
    go.set()
    assert (await first, await last) == (20, 15)
    with raises(OSError):
        await failing
    assert content(path) in (b"a" * 20, b"b" * 15)
    os.remove(path)
    assert cleanup() == []


async def test_a_failed_save_leaves_the_old_file():
    setup()
    path = FOLDER + "/config"
    await save_stream(AsyncBytesIO(b"old").read, path)
    pieces = [b"new", b"er"]

    async def read(n):
        if not pieces:
            raise OSError(5)
        return pieces.pop()

    with raises(OSError):
        await save_stream(read, path)
    assert content(path) == b"old"
    os.remove(path)
    assert cleanup() == []
    with raises(OSError):
        await save_stream(AsyncBytesIO(b"x").read, "no-such-folder/file")
