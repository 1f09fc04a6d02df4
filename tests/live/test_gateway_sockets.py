"""The servers that the documentation names on Unix sockets and with TLS: a sample of them, all with `--matrix`."""

import re
import ssl

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from live.servers import GATEWAYS
from runtimes import ROOT
from server_process import PATIENCE

SAMPLE = ("uvicorn", "gunicorn-gthread")


@pytest.fixture(params=GATEWAYS)
def gateway(request):
    if request.param not in SAMPLE and not request.config.getoption("--matrix"):
        pytest.skip("a part of the matrix")
    return GATEWAYS[request.param]


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def certificate(authority, tmp_path):
    """The paths of a certificate and its key, which granian wants as PKCS 8."""
    made = authority.issue_cert("127.0.0.1")
    made.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    key = serialization.load_pem_private_key(made.private_key_pem.bytes(), None)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*form))
    return {"certificate": tmp_path / "certificate.pem", "key": tmp_path / "key.pem"}


def check(client, scheme, address):
    """Check answers, the scheme and the client's address among them."""
    for _ in range(2):
        seen = client.post("/seen/caf%C3%A9?a=1", content=b"x" * 1000).json()
        assert (seen["rest"], seen["args"], seen["scheme"]) == ("café", {"a": ["1"]}, scheme)
        assert (seen["client"] and seen["client"][0]) == address
    assert client.get("/count").text == "01234"
    assert len(client.get("/download").content) == 20 * 1024 * 1024


def test_unix_socket(gateway, tmp_path):
    if not gateway.unix:
        pytest.skip("has no Unix sockets")
    path = str(tmp_path / "socket")
    headers = {} if gateway.keep_alive else {"Connection": "close"}
    transport = httpx.HTTPTransport(uds=path)
    with gateway.start(socket=path), httpx.Client(transport=transport, base_url="http://x", headers=headers,
                                                  timeout=PATIENCE) as client:
        check(client, "http", None)


def test_tls(gateway, authority, certificate):
    if not gateway.tls:
        pytest.skip("its command has no TLS")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with gateway.start(**certificate) as server:
        url = f"https://127.0.0.1:{server.port}"
        with httpx.Client(base_url=url, verify=context, timeout=PATIENCE, trust_env=False) as client:
            check(client, "https", "127.0.0.1")


def row(server, start):
    """Return what the table in docs/deployment.md has to say of a server."""
    interface = re.search("asgi|wsgi", start) if server == "granian" else None
    found = [gateway for gateway in GATEWAYS.values() if gateway.name.split("-")[0] == server.lower()
             and (interface is None or gateway.interface == interface[0])]  # fmt: skip

    def each(value):
        (same,) = {value(gateway) for gateway in found}
        return same

    lengthless = each(lambda gateway: gateway.lengthless)
    finished = each(lambda gateway: ", ".join(
        ["requests"] * gateway.finishes_requests + ["background work"] * gateway.finishes_work
    ))
    return {
        "WebSocket": each(lambda gateway: "yes" if gateway.websocket else "no"),
        "Body without a length": "yes" if lengthless else "status 411",
        "HTTP/2": lengthless and any(gateway.http2 for gateway in found),
        "`%2F` in a path": each(lambda gateway: "kept" if gateway.raw_path else "a slash"),
        "Unix socket": each(lambda gateway: "yes" if gateway.unix else "no"),
        "TLS": each(lambda gateway: "yes" if gateway.tls else "no"),
        "Signal to stop it with": each(lambda gateway: gateway.stop.name),
        "Then it finishes": finished or "nothing",
    }


def test_the_table_of_the_documentation():
    text = (ROOT / "docs" / "deployment.md").read_text()
    table = re.search(r"^\| Server .*\n(?:\|.*\n)+", text, re.MULTILINE)[0]
    heading, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    servers = set()
    for cells in rows:
        said = dict(zip(heading, cells, strict=True))
        server = said.pop("Server")
        expected = row(server, said.pop("Start"))
        said["HTTP/2"] = "HTTP/2" in said["Body without a length"]
        said["Body without a length"] = said["Body without a length"].partition(",")[0]
        assert said == expected, server
        servers.add(server.lower())
    assert servers == {name.split("-")[0] for name in GATEWAYS}
