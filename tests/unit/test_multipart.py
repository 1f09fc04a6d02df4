import microdot._request
from microdot import Microdot, Request
from microdot.errors import HTTPException
from microdot.multipart import FileUpload, FormDataIter, FormDict, with_form_data
from microdot.test_client import TestClient, encode_multipart
from support import raises


def client():
    """Return a client of an application that tells what it got."""
    app = Microdot()

    @app.post("/form")
    @with_form_data
    async def form(request):
        """Echo a form."""
        if request.form is None:
            return {"form": None}
        files = {}
        for name, file in request.files.items():
            files[name] = [file.filename, file.content_type, len(await file.read())]
        return {"form": {name: request.form.getlist(name) for name in request.form}, "files": files}

    return TestClient(app)


async def send(boundary_field, body, path="/form"):
    return await client().post(path, {"Content-Type": "multipart/form-data" + boundary_field}, body)


BODY = b'--%s\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--%s--\r\n'


async def test_form_and_files():
    res = await client().post(
        "/form", form={"a": "1", "b": ["2", "3\r\n"]}, files={"f": ("x.txt", b"12345", "text/plain"), "g": b""}
    )
    assert res.json == {
        "form": {"a": ["1"], "b": ["2", "3\r\n"]},
        "files": {"f": ["x.txt", "text/plain", 5], "g": ["g", "application/octet-stream", 0]},
    }


async def test_boundary_forms():
    for field, boundary in (
        ("; boundary=abc", b"abc"),
        (";boundary=abc", b"abc"),
        ('; boundary="abc"', b"abc"),
        ('; boundary="a b:c"', b"a b:c"),
        ("; boundary=abc; charset=utf-8", b"abc"),
        ("; charset=utf-8; boundary=abc", b"abc"),
        ("; BOUNDARY=abc", b"abc"),
        ("; boundary=" + "x" * 70, b"x" * 70),
        ("; boundary=" + "-" * 27 + "735323031399963166993862150", b"-" * 27 + b"735323031399963166993862150"),
    ):
        res = await send(field, BODY % (boundary, boundary))
        assert res.status_code == 200 and res.json["form"] == {"a": ["1"]}, field


async def test_bad_boundary_is_400():
    for field in ("", "; boundary=", '; boundary=""', '; boundary="abc', "; charset=utf-8"):
        assert (await send(field, BODY % (b"abc", b"abc"))).status_code == 400, field


async def test_a_boundary_over_70_characters_is_400():
    boundary = "x" * 71  # which the body has, so that nothing else is wrong
    assert (await send("; boundary=" + boundary, BODY % (boundary.encode(), boundary.encode()))).status_code == 400


def test_a_boundary_is_one_line():
    class Bad:
        content_type = 'multipart/form-data; boundary="a\rb"'

    with raises(HTTPException) as caught:
        FormDataIter(Bad())
    assert caught.value.status_code == 400


async def test_missing_final_boundary_is_400():
    res = await send("; boundary=abc", (BODY % (b"abc", b"abc"))[:-4])
    assert res.status_code == 400 and res.text == "Incomplete form"
    assert (await send("; boundary=abc", b"")).status_code == 400


async def test_other_types_are_left_alone():
    c = client()
    assert (await c.post("/form", {"Content-Type": "text/plain"}, "x")).json == {"form": None}
    assert (await c.post("/form")).json == {"form": None}


async def test_limits():
    c = client()
    usual = Request.max_fields
    Request.max_fields = 3
    FormDataIter.max_files = 2
    FormDataIter.max_fields_size = 10
    try:
        assert (await c.post("/form", form={"a": ["1"] * 3}, files={})).status_code == 200
        assert (await c.post("/form", form={"a": ["1"] * 4}, files={})).status_code == 413
        assert (await c.post("/form", form={"a": "1"}, files={"f": b"", "g": b""})).status_code == 200
        assert (await c.post("/form", form={"a": ["1"] * 2}, files={"f": b"", "g": b""})).text == (
            "Too many fields: at most 3 are allowed"
        )
        assert (await c.post("/form", files={"f": b"", "g": b"", "h": b""})).text == (
            "Too many files: at most 2 are allowed"
        )
        assert (await c.post("/form", form={"a": ["12345", "67890"]}, files={})).status_code == 200
        assert (await c.post("/form", form={"a": ["12345", "678901"]}, files={})).status_code == 413
        assert (await c.post("/form", files={"f": b"x" * 100})).status_code == 200
    finally:
        Request.max_fields = usual
        FormDataIter.max_files = 64
        FormDataIter.max_fields_size = 16 * 1024


async def test_files_of_each_kind_of_storage():
    c = client()
    for size in (0, 1, FileUpload.max_memory_size - 1, FileUpload.max_memory_size, 3000):
        res = await c.post("/form", form={"z": "1"}, files={"f": b"\r\n" * (size // 2) + b"-" * (size % 2)})
        assert res.json["files"]["f"][2] == size and res.json["form"] == {"z": ["1"]}


async def test_body_streamed():
    Request.max_body_length = 100
    try:
        res = await client().post("/form", form={"a": "1"}, files={"f": b"x" * 2500})
    finally:
        Request.max_body_length = 16 * 1024
    assert res.json["files"]["f"][2] == 2500


async def test_the_body_is_read_to_its_end():
    """What follows the last boundary would else make the server close the connection."""
    app = Microdot()

    @app.post("/")
    async def handler(request):
        async for _ in FormDataIter(request):
            pass
        return str(len(await request.stream.read(1)))

    Request.max_body_length = 10
    try:
        body = BODY % (b"x", b"x") + b"epilogue" * 200
        res = await TestClient(app).post("/", {"Content-Type": "multipart/form-data; boundary=x"}, body)
    finally:
        Request.max_body_length = 16 * 1024
    assert res.text == "0"


async def iterate(handler, form=None, files=None):
    app = Microdot()
    app.post("/")(handler)
    return await TestClient(app, raise_exceptions=True).post("/", form=form, files=files or {})


async def test_iteration():
    async def handler(request):
        seen = []
        async for name, value in FormDataIter(request):
            if isinstance(value, FileUpload):
                value = [value.filename, (await value.read(3)).decode(), (await value.read()).decode()]
            seen.append([name, value])
        return seen

    res = await iterate(handler, {"a": "1"}, {"f": ("n", b"12345"), "g": ("m", b"")})
    assert sorted(res.json) == [["a", "1"], ["f", ["n", "123", "45"]], ["g", ["m", "", ""]]]


async def test_unread_files_are_skipped_and_gone():
    async def handler(request):
        files = []
        async for _, value in FormDataIter(request):
            if isinstance(value, FileUpload):
                files.append(value)
            elif files:
                with raises(ValueError):
                    await files[0].read()
        return str(len(files))

    body = []
    for name, file in (("f", True), ("a", False), ("g", True)):
        _, one = encode_multipart({}, {name: b"x" * 700}) if file else encode_multipart({name: "y"}, {})
        body.append(one[one.find(b"\r\n") : one.rfind(b"\r\n--") + 2])
    app = Microdot()
    app.post("/")(handler)
    data = b"--x" + b"--x".join(body) + b"--x--"
    res = await TestClient(app).post("/", {"Content-Type": "multipart/form-data; boundary=x"}, data)
    assert res.text == "2", res.text


async def test_read_sizes():
    async def handler(request):
        async for _, file in FormDataIter(request):
            assert await file.read(0) == b""
            assert await file.read(1) == b"0"
            assert await file.read(2) == b"12"
            assert await file.read(697) == b"x" * 697
            assert await file.read(400) == b"x" * 300
            assert await file.read() == await file.read(5) == b""
        return "ok"

    assert (await iterate(handler, {}, {"f": b"012" + b"x" * 997})).text == "ok"


def test_dictionaries_look_like_plain_ones():
    form = FormDict()
    form["a"] = "1"
    form["a"] = "2"
    assert form == {"a": "1"} and list(form.items()) == [("a", "1")] and list(form.values()) == ["1"]
    assert form["a"] == form.get("a") == "1" and form.get("a", type=int) == 1
    assert form.getlist("a") == ["1", "2"] and form.getlist("a", type=int) == [1, 2]
    assert "b" not in form and form.get("b") is None and form.get("b", "c") == "c" and form.getlist("b") == []


def test_safe_filename():
    for name, safe in (
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("..", "upload"),
        ("", "upload"),
        ("a\0b\n.txt", "ab.txt"),
        ("/", "upload"),
        (".bashrc", "bashrc"),
        ("a:b|c?.txt ", "abc.txt"),
        ("x" * 100 + ".txt", "x" * 56 + ".txt"),
        ("gr\u00fcn.txt", "gr\u00fcn.txt"),
    ):
        assert FileUpload(name).safe_filename == safe, name


async def test_a_missing_field_or_file_is_the_clients_fault():
    app = Microdot()

    @app.post("/<kind>")
    @with_form_data
    async def field(request, kind):
        try:
            return getattr(request, kind)["a"] and "there"
        except KeyError:
            if "caught" in request.args:
                return "caught"
            raise

    c = TestClient(app)
    for kind in ("form", "files"):
        res = await c.post("/" + kind, form={"b": "1"}, files={"c": b"1"})
        assert (res.status_code, res.text) == (400, "Missing field: a")
        assert (await c.post("/" + kind + "?caught", form={}, files={})).text == "caught"
        assert (await c.post("/" + kind, form={"a": "1"}, files={"a": b"1"})).text == "there"


async def test_a_handler_without_its_decorator_is_named_in_the_log_once():
    app = Microdot()
    logged = []

    @app.post("/bare")
    async def bare(request):
        return [request.form is None, request.files is None]

    @app.post("/iterated")
    async def iterated(request):
        names = []
        async for name, _ in FormDataIter(request):
            names.append(name)
        return [request.form is None, names]

    c = TestClient(app)
    log_error, microdot._request.log_error = microdot._request.log_error, logged.append
    try:
        for _ in range(2):
            assert (await c.post("/bare", form={"a": "1"}, files={})).json == [True, True]
        assert len(logged) == 1
        assert "with_form_data" in logged[0] and "/bare" in logged[0]
        assert (await c.post("/iterated", form={"a": "1"}, files={})).json == [True, ["a"]]
        assert (await c.post("/bare", form={"a": "1"})).json == [False, True]
        assert len(logged) == 1
    finally:
        microdot._request.log_error = log_error
