"""Differences from Microdot that docs/migration.md lists and that no other test shows."""

from microdot import Microdot
from microdot.cors import CORS
from microdot.csrf import CSRF
from microdot.multipart import with_form_data
from microdot.test_client import TestClient

FORM = b'--x\r\nContent-Disposition: form-data; name="t"\r\n\r\n%d\r\n'


async def test_hooks_do_not_see_the_automatic_answer_to_options():
    app = Microdot()
    app.get("/")(lambda request: "fine")
    seen = []
    app.before_request(lambda request: seen.append("before"))
    app.after_request(lambda request, response: seen.append("after"))
    app.after_error_request(lambda request, response: seen.append("after an error"))
    assert (await TestClient(app).request("OPTIONS", "/")).status_code == 200
    assert seen == []


async def test_the_first_value_of_a_field_in_a_form_with_files():
    app = Microdot()

    @app.post("/")
    @with_form_data
    async def values(request):
        return [request.form["t"], request.form.getlist("t")]

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await TestClient(app).post("/", headers=headers, body=FORM % 1 + FORM % 2 + b"--x--\r\n")
    assert response.json == ["1", ["1", "2"]]


async def test_a_field_without_a_value():
    app = Microdot()
    app.post("/")(lambda request: {name: request.form[name] for name in request.form})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await TestClient(app).post("/", headers=headers, body=b"a=1&c")).json == {"a": "1", "c": ""}


async def test_vary_without_the_fields_that_it_names():
    app = Microdot()
    app.post("/")(lambda request: "fine")
    app.get("/")(lambda request: "fine")
    CSRF(app, CORS(app, allowed_origins=["http://good.example"]))
    client = TestClient(app)
    assert (await client.get("/")).headers["Vary"] == "Origin"
    assert (await client.post("/")).headers["Vary"] == "Sec-Fetch-Site, Origin"
