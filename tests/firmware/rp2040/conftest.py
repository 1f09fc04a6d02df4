"""Emulated boards for the tests of this folder: one process each, shared by the whole run."""

import subprocess

import pytest
from emulated import EMULATOR, ROOT, EmulatedPico
from needs import needed

from firmware_tools import emulation
from notes import NOTES


@pytest.fixture(scope="session")
def note():
    """A function that puts a line into the run's summary."""
    return NOTES.__setitem__


@pytest.fixture(scope="session")
def emulator():
    """The emulator, installed."""
    with needed():
        emulation.prepare()


@pytest.fixture(scope="session")
def board(emulator, pico_ppp_uf2):
    """A Raspberry Pi Pico with PPP at its prompt."""
    with EmulatedPico(pico_ppp_uf2) as board:
        yield board


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A folder with a self-signed certificate for localhost: cert.pem, cert.der, key.der."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", folder / "key.pem", "-out", folder / "cert.pem")
    openssl("x509", "-in", folder / "cert.pem", "-outform", "DER", "-out", folder / "cert.der")
    openssl("ec", "-in", folder / "key.pem", "-outform", "DER", "-out", folder / "key.der")
    return folder


@pytest.fixture(scope="session")
def server(emulator, pico_ppp_uf2, certificate, tmp_path_factory):
    """A Pico with PPP that serves the one-app example over HTTP on port 80 and HTTPS on port 443."""
    files = tmp_path_factory.mktemp("board") / "files.py"
    uploads = {
        "app.py": (ROOT / "examples" / "one_app" / "app.py").read_bytes(),
        "cert.der": (certificate / "cert.der").read_bytes(),
        "key.der": (certificate / "key.der").read_bytes(),
    }
    program = [f"with open({name!r}, 'wb') as file:\n    file.write({data!r})\n" for name, data in uploads.items()]
    files.write_text("".join(program))
    scripts = [files, EMULATOR / "board" / "link.py", ROOT / "tests" / "firmware" / "rp2040" / "board_server.py"]
    with EmulatedPico(pico_ppp_uf2, forwards=(80, 443, 8080), scripts=scripts) as board:
        yield board
