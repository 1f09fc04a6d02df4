"""TLS under other servers; that of the own server is in tests/wire."""

import ssl

import pytest
import trustme

from live.served import ROOT, Served

APP = ROOT / "examples" / "one_app" / "app.py"


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn", "gthread"])
def test_tls(kind):
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with Served(kind, APP, tls=authority.issue_cert("127.0.0.1")) as served, served.client(verify=context) as client:
        assert "Hello from Microdot!" in client.get("/").text
        assert client.get("/hello/susan").text == "Hello, susan!"
        assert client.post("/echo", json={"a": 1}).json() == {"you sent": {"a": 1}}
        assert client.get("/count").text.split() == ["1", "2", "3", "4", "5"]
        assert client.get("/old", follow_redirects=False).status_code == 302


def test_scheme():
    program = """
from microdot import Microdot

app = Microdot()

@app.get('/')
def index(request):
    return request.scheme
"""
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    for kind in ("uvicorn", "gunicorn"):
        certificate = authority.issue_cert("127.0.0.1")
        with Served(kind, program, tls=certificate) as served, served.client(verify=context) as client:
            assert client.get("/").text == "https"
