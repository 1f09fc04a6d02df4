import json

from microdot import Microdot, abort
from microdot.checks import CheckError, Field, Fields, json_errors, with_form, with_json, with_query
from microdot.multipart import with_form_data
from microdot.test_client import TestClient
from support import raises

FORM = "application/x-www-form-urlencoded"
INT = Field("n", int, minimum=1, maximum=9)


def errors(fields, values, is_text=False):
    """Return what `Fields.check()` says of values that are wrong."""
    with raises(CheckError) as caught:
        Fields(fields).check(values, is_text)
    return caught.value.errors


def test_gives_declared_values():
    fields = Fields([Field("name"), Field("n", int), Field("x", float), Field("on", bool), Field("note", default=None)])
    values = fields.check({"name": "a", "n": 5, "x": 2, "on": True, "more": 1})
    assert values == {"name": "a", "n": 5, "x": 2.0, "on": True, "note": None}
    assert isinstance(values["x"], float)
    assert [field.name for field in fields] == ["name", "n", "x", "on", "note"]


def test_names_every_wrong_field():
    fields = [Field("name"), INT, Field("x", float), Field("on", bool), Field("mode", choices=("a", "b"))]
    assert errors(fields, {"n": "5", "x": "1", "on": 1, "mode": "c"}) == {
        "name": "is required",
        "n": "must be a whole number",
        "x": "must be a number",
        "on": "must be true or false",
        "mode": "must be one of: a, b",
    }


def test_types_are_exact():
    for kind, wrong in (
        (int, (True, 1.0, "1", [], {})),
        (float, (True, "1", [], float("nan"), float("inf"), -float("inf"), 10**400)),
        (str, (1, True, [], {})),
        (bool, (0, 1, "true", 1.0)),
        ([int], (1, "1", {})),
        (Fields([]), (1, "1", [])),
    ):
        for value in wrong:
            assert "a" in errors([Field("a", kind)], {"a": value}), (kind, value)
    assert errors([Field("a")], {"a": None}) == {"a": "is required"}


def test_ranges_and_lengths():
    for value, message in ((0, "must be at least 1"), (10, "must be at most 9")):
        assert errors([INT], {"n": value}) == {"n": message}
    assert [Fields([INT]).check({"n": n})["n"] for n in (1, 9)] == [1, 9]
    name = Field("name", minimum=2, maximum=3)
    assert errors([name], {"name": "a"}) == {"name": "must have at least 2 characters"}
    assert errors([name], {"name": "abcd"}) == {"name": "must have at most 3 characters"}
    assert Fields([name]).check({"name": "äöü"}) == {"name": "äöü"}
    assert errors([Field("l", [int], maximum=2)], {"l": [1, "a", 3]}) == {"l": "must have at most 2 items"}


def test_lists_and_objects():
    point = Fields([Field("x", int), Field("tags", [str], default=())])
    fields = [Field("points", [point]), Field("rgb", [Field("", int, minimum=0, maximum=255)]), Field("home", point)]
    good = {"points": [{"x": 1}, {"x": 2, "tags": ["a"]}], "rgb": [0, 255], "home": {"x": 3}}
    checked = Fields(fields).check(good)
    assert checked["points"] == [{"x": 1, "tags": ()}, {"x": 2, "tags": ["a"]}]
    assert checked["rgb"] == [0, 255] and checked["home"] == {"x": 3, "tags": ()}
    bad = {"points": [{"x": 1}, {"tags": [1]}, 5], "rgb": [256], "home": []}
    assert errors(fields, bad) == {
        "points[1].x": "is required",
        "points[1].tags[0]": "must be text",
        "points[2]": "must be an object",
        "rgb[0]": "must be at most 255",
        "home": "must be an object",
    }


def test_rules_see_what_is_right_otherwise():
    seen = []

    def rule(value):
        seen.append(value)
        return "must be even" if value == 3 else None

    field = Field("n", int, maximum=9, rule=rule)
    assert Fields([field]).check({"n": 2}) == {"n": 2}
    assert errors([field], {"n": 3}) == {"n": "must be even"}
    assert errors([Field("l", [field])], {"l": [2, 3]}) == {"l[1]": "must be even"}
    assert errors([field], {"n": 10}) == {"n": "must be at most 9"}
    assert errors([field], {"n": "a"}) == {"n": "must be a whole number"}
    assert seen == [2, 3, 2, 3]


def test_a_long_wrong_list_has_few_errors():
    assert len(errors([Field("l", [str])], {"l": [1] * 5000})) == 17


def test_texts_of_forms():
    fields = Fields([Field("n", int, default=7), Field("x", float), Field("on", bool), Field("l", [int], default=[])])

    class Form(dict):
        def getlist(self, name):
            return ["1", "2"]

    form = Form(n="-5", x=" 1.5e2", on="on", l="1")
    assert fields.check(form, True) == {"n": -5, "x": 150.0, "on": True, "l": [1, 2]}
    assert fields.check(Form(n="", x="1"), True) == {"n": 7, "x": 1.0, "on": False, "l": []}
    for text in ("1_0", "٣", "nan", "0x1", "1 2", "1" * 25, "-", "e", "1.5.2", "e5", ".", "+.e1", "1e999", "\xa01"):
        assert errors([Field("n", float)], {"n": text}, True) == {"n": "must be a number"}, text
    for text, value in (("+.5", 0.5), ("1.", 1.0), ("-1.e2", -100.0), ("\t1\r\n", 1.0)):
        assert Fields([Field("n", float)]).check({"n": text}, True) == {"n": value}
    assert errors([Field("n", int)], {"n": "1.5"}, True) == {"n": "must be a whole number"}
    assert errors([Field("name")], {"name": ""}, True) == {"name": "is required"}
    assert errors([Field("on", bool)], {"on": "maybe"}, True) == {"on": "must be true or false"}
    assert Fields([Field("on", bool, default=True)]).check({}, True) == {"on": True}


def test_wrong_declarations():
    with raises(TypeError):
        Field("a", dict)
    with raises(TypeError):
        Field("a", [dict])
    with raises(ValueError):
        Fields([Field("a"), Field("a")])


async def test_json_body():
    app = Microdot()

    @app.post("/<name>")
    @with_json(Fields([INT]))
    async def index(request, values, name):
        return {"name": name, "values": values}

    client = TestClient(app)
    assert (await client.post("/a", body={"n": 3})).json == {"name": "a", "values": {"n": 3}}
    for body, fields in (
        ({"n": 10}, {"n": "must be at most 9"}),
        ({}, {"n": "is required"}),
        ([1], {"input": "must be an object"}),
    ):
        response = await client.post("/a", body=body)
        assert response.status_code == 400
        assert response.headers["Content-Type"].startswith("application/json")
        assert response.json == {"error": "Invalid input", "fields": fields}
    headers = {"Content-Type": "application/json"}
    assert (await client.post("/a", headers, "null")).json["fields"] == {"input": "must be an object"}
    assert (await client.post("/a", headers, "{")).status_code == 400
    assert (await client.post("/a", body="n=3")).status_code == 415


async def test_form_and_query():
    app = Microdot()

    @app.post("/")
    @with_form(Fields([INT, Field("tags", [str], default=[])]))
    def index(request, values):
        return values

    @app.post("/multipart")
    @with_form_data
    @with_form(Fields([INT]))
    async def multipart(request, values):
        return values

    @app.get("/")
    @with_query(Fields([Field("page", int, default=1, minimum=1)]))
    async def page(request, values):
        return values

    client = TestClient(app)
    form = {"Content-Type": FORM}
    assert (await client.post("/", form, "n=3&tags=a&tags=b")).json == {"n": 3, "tags": ["a", "b"]}
    assert (await client.post("/", form, "n=x")).json["fields"] == {"n": "must be a whole number"}
    assert (await client.post("/", body={"n": 3})).status_code == 415
    parts = '--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n4\r\n--b--\r\n'
    response = await client.post("/multipart", {"Content-Type": "multipart/form-data; boundary=b"}, parts)
    assert response.json == {"n": 4}
    assert (await client.get("/")).json == {"page": 1}
    assert (await client.get("/?page=2&x=1")).json == {"page": 2}
    assert (await client.get("/?page=0")).json["fields"] == {"page": "must be at least 1"}


async def test_json_errors():
    app = Microdot()
    json_errors(app)

    @app.get("/abort")
    async def stop(request):
        abort(409, "taken")

    @app.get("/fail")
    async def fail(request):
        raise RuntimeError("for the log")

    @app.get("/checked")
    @with_query(Fields([Field("a")]))
    async def checked(request, values):
        return values

    @app.errorhandler(410)
    async def gone(request):
        return "<p>gone</p>", 410, {"Content-Type": "text/html"}

    @app.get("/gone")
    async def old(request):
        abort(410)

    client = TestClient(app)
    assert (await client.get("/abort")).json == {"error": "taken", "status": 409}
    assert (await client.get("/none")).json == {"error": "Not found", "status": 404}
    response = await client.post("/abort")
    assert response.json["status"] == 405 and "GET" in response.headers["Allow"]
    assert json.loads((await client.get("/fail")).body) == {"error": "Internal server error", "status": 500}
    assert (await client.get("/checked")).json == {"error": "Invalid input", "fields": {"a": "is required"}}
    assert (await client.get("/gone")).text == "<p>gone</p>"


async def test_json_errors_of_a_part():
    app = Microdot()
    api = Microdot()
    json_errors(api)

    @app.get("/stop")
    @api.get("/stop")
    async def stop(request):
        abort(409, "taken")

    app.mount(api, "/api", local=True)
    client = TestClient(app)
    assert (await client.get("/api/stop")).json == {"error": "taken", "status": 409}
    assert (await client.get("/stop")).text == "taken"
