"""What of a body is loaded for `request.json` and `request.form`, and what is refused."""

from microdot import Microdot, Request
from microdot.multipart import with_form_data
from microdot.test_client import TestClient

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class limits:
    """Context manager: Request's limits are others."""

    def __init__(self, **values):
        self.values = values

    def __enter__(self):
        self.saved = {name: getattr(Request, name) for name in self.values}
        for name in self.values:
            setattr(Request, name, self.values[name])

    def __exit__(self, *exc_info):
        for name in self.saved:
            setattr(Request, name, self.saved[name])


def client():
    app = Microdot()

    async def echo(request):
        """Tell how much of a body there is and in which way."""
        sizes = {"body": len(request.body)}
        if request.json is not None:
            sizes["json"] = len(request.json)
        elif request.form is not None:
            sizes["form"] = len(request.form["a"])
        else:
            size = 0
            while True:
                data = await request.stream.read(1000)
                if not data:
                    break
                size += len(data)
            sizes["stream"] = size
        return sizes

    app.post("/")(echo)
    app.post("/large", max_content_length=3000)(echo)
    app.post("/small", max_content_length=100)(echo)
    app.post("/any", max_content_length=None)(echo)
    return TestClient(app)


def json(size):
    return b'"' + b"x" * (size - 2) + b'"'


def form(size):
    return b"a=" + b"x" * (size - 2)


async def send(path, content_type, body):
    res = await client().post(path, {"Content-Type": content_type}, body)
    return res.json if res.status_code == 200 else res.status_code


async def test_the_limit_of_a_route_is_what_is_loaded_of_json_and_forms():
    with limits(max_content_length=500, max_body_length=500):
        for size in (500, 501, 3000):
            assert await send("/large", JSON, json(size)) == {"body": size, "json": size - 2}, size
            assert await send("/large", JSON + "; charset=utf-8", json(size)) == {"body": size, "json": size - 2}, size
            assert await send("/large", FORM, form(size)) == {"body": size, "form": size - 2}, size
        for content_type, body in ((JSON, json(3001)), (FORM, form(3001)), ("text/plain", json(3001))):
            assert await send("/large", content_type, body) == 413, content_type


async def test_other_types_stay_on_the_stream():
    with limits(max_content_length=500, max_body_length=500):
        assert await send("/large", "text/plain", b"x" * 500) == {"body": 500, "stream": 500}
        assert await send("/large", "text/plain", b"x" * 501) == {"body": 0, "stream": 501}
        assert await send("/large", "application/octet-stream", b"x" * 3000) == {"body": 0, "stream": 3000}
        assert await send("/any", "application/octet-stream", b"x" * 20000) == {"body": 0, "stream": 20000}


async def test_a_route_without_limit():
    with limits(max_content_length=500, max_body_length=500):
        # Not more: several copies of a body exist at once, each in one piece.
        assert await send("/any", JSON, json(8000)) == {"body": 8000, "json": 7998}
        assert await send("/any", FORM, form(8000)) == {"body": 8000, "form": 7998}


async def test_a_route_with_a_smaller_limit():
    for content_type, make in ((JSON, json), (FORM, form)):
        assert await send("/small", content_type, make(100)) != 413
        assert await send("/small", content_type, make(101)) == 413


async def test_the_class_decides_where_the_route_does_not():
    with limits(max_content_length=3000, max_body_length=500):
        assert await send("/", JSON, json(500)) == {"body": 500, "json": 498}
        # what is not loaded is neither malformed nor an empty form
        for content_type, make in ((JSON, json), (FORM, form)):
            res = await client().post("/", {"Content-Type": content_type}, make(501))
            assert (res.status_code, "500 bytes" in res.text) == (413, True), content_type
        assert await send("/", "text/plain", b"x" * 3000) == {"body": 0, "stream": 3000}
        assert await send("/", "text/plain", b"x" * 3001) == 413
    with limits(max_content_length=None, max_body_length=500):
        assert await send("/", JSON, json(501)) == 413
        assert await send("/", "text/plain", b"x" * 5000) == {"body": 0, "stream": 5000}


async def test_a_body_that_is_read_as_a_stream_and_as_json():
    app = Microdot()

    @app.post("/")
    async def both(request):
        return [len(await request.stream.read()), request.json]

    res = await TestClient(app).post("/", {"Content-Type": JSON}, b"[1]")
    assert res.json == [3, [1]]
    res = await TestClient(app).post("/", {"Content-Type": JSON}, b"")
    assert res.status_code == 400


async def test_the_number_of_fields():
    app = Microdot()

    @app.route("/", methods=["GET", "POST"])
    async def count(request):
        return [len(request.args), len(request.form or ())]

    @app.post("/multipart")
    @with_form_data
    async def multipart(request):
        return [len(request.form)]

    c = TestClient(app)
    limit = Request.max_fields
    assert limit >= 64
    for n in (limit, limit + 1):
        fields = "&".join(["f%d=" % i for i in range(n)])
        if n == limit:
            assert (await c.get("/?" + fields)).json == [n, 0]
            assert (await c.post("/", {"Content-Type": FORM}, fields)).json == [0, n]
        else:
            res = await c.get("/?" + fields)
            assert (res.status_code, res.text) == (400, "Too many fields: at most %d are allowed" % limit)
            res = await c.post("/", {"Content-Type": FORM}, fields)
            assert (res.status_code, res.text) == (413, "Too many fields: at most %d are allowed" % limit)
    with limits(max_fields=3):
        assert (await c.get("/?a&b&c")).status_code == 200
        assert (await c.get("/?a&b&c&d")).status_code == 400
        assert (await c.post("/multipart", form={"a": ["1"] * 3}, files={})).json == [1]
        assert (await c.post("/multipart", form={"a": ["1"] * 4}, files={})).status_code == 413
