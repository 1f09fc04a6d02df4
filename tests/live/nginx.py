"""nginx with the configuration that the documentation prints, in front of a server of an application."""

import os
import pathlib
import re
import shutil
import socket
import tempfile

from server_process import ServerProcess

ROOT = pathlib.Path(__file__).parent.parent.parent
#: Debian has it in a folder that only root's PATH names.
PROGRAM = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
# What the file of a site is included from.
_MAIN = """
daemon off;
user {user};
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def documented(language, marker, page="deployment.md"):
    """Return the text of the one code block in a page of the documentation that contains *marker*."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    [block] = [block for block in blocks if marker in block]
    return block


def replaced(text, changes):
    """Return *text* with each of *changes* made; what is to be replaced has to be there once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in:\n{text}"
        text = text.replace(old, str(new))
    return text


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


class Nginx(ServerProcess):
    """nginx in front of a running server; use as a context manager.

    Of the documented configuration only the ports and the paths of the certificate are others: no test can count on
    having them. `port` is the one for http, `tls_port` the one for https.

    :param upstream: the application's server, which has started.
    :param certificate: a trustme certificate for https.
    """

    def __init__(self, upstream, certificate):
        assert PROGRAM, "no nginx: python tools/setup_machine.py, or install it"
        self._temporary = tempfile.TemporaryDirectory(prefix="microdot-nginx-")
        folder = pathlib.Path(self._temporary.name)
        self.port, self.tls_port = _free_port(), _free_port()
        certificate.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        site = replaced(documented("nginx", "upstream"), {
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.tls_port} ssl;",
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{upstream.port};",
            "/etc/ssl/example.com.pem": folder / "certificate.pem",
            "/etc/ssl/example.com.key": folder / "key.pem",
        })  # fmt: skip
        (folder / "site.conf").write_text(site)
        (folder / "microdot.conf").write_text(documented("nginx", "proxy_set_header Host"))
        user = "root" if os.geteuid() == 0 else "nobody"  # where another user starts nginx, it ignores this
        (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user))
        super().__init__([PROGRAM, "-p", str(folder), "-c", str(folder / "nginx.conf")], folder, dict(os.environ))

    def listens(self):
        """Return whether both ports accept connections."""
        for port in (self.port, self.tls_port):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                return False
        return True

    def __exit__(self, *exc_info):
        with self._temporary:
            super().__exit__()
