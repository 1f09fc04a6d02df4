"""What only filesystems of CPython's systems have: links that lead out of a folder, and files that are no files."""

import gzip
import os
from urllib.parse import quote

import pytest

from microdot import Microdot
from microdot.static import mount_static
from microdot.test_client import TestClient


@pytest.fixture
def client(tmp_path):
    """A client of an application that serves a folder with links in it."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "index.html").write_text("secret")
    (tmp_path / "wwwsecret.txt").write_text("secret")
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "file.txt").write_text("public")
    (folder / "inside.txt").symlink_to("file.txt")
    (folder / "relative.txt").symlink_to("../secret.txt")
    (folder / "absolute.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "beside.txt").symlink_to("../wwwsecret.txt")
    (folder / "folder").symlink_to("../outside")
    (folder / "loop.txt").symlink_to("loop.txt")
    (folder / "dangling.txt").symlink_to("nothing")
    os.mkfifo(folder / "pipe")
    (tmp_path / "link").symlink_to("www")
    app = Microdot()
    mount_static(app, "/static", str(folder))
    mount_static(app, "/link", str(tmp_path / "link"))
    return TestClient(app)


LEAVING = [
    "relative.txt",
    "absolute.txt",
    "beside.txt",
    "folder/",
    "folder/index.html",
    "loop.txt",
    "dangling.txt",
    "pipe",
]


@pytest.mark.parametrize("prefix", ["/static/", "/link/"])
@pytest.mark.parametrize("name", LEAVING)
async def test_links_that_lead_out_are_not_found(client, prefix, name):
    res = await client.get(prefix + name)
    assert res.status_code == 404
    assert "secret" not in res.text


@pytest.mark.parametrize("prefix", ["/static/", "/link/"])
@pytest.mark.parametrize("name", ["file.txt", "inside.txt"])
async def test_links_that_stay_inside_are_followed(client, prefix, name):
    assert (await client.get(prefix + name)).text == "public"


@pytest.mark.parametrize("name", ["a\\b.txt", "c:d.txt", "e.txt ", "f.txt.", "g\n", "h*", "i?j", ".k", "l|m", "n\x7f"])
async def test_names_that_mean_more_elsewhere_are_not_found(client, tmp_path, name):
    (tmp_path / "www" / name).write_text("secret")
    assert (await client.get("/static/" + quote(name))).status_code == 404
    (tmp_path / "www" / "folder.d").mkdir()
    (tmp_path / "www" / "folder.d" / name).write_text("secret")
    assert (await client.get("/static/folder.d/" + quote(name))).status_code == 404


async def test_a_compressed_sibling_must_be_a_file_of_the_folder(client, tmp_path):
    sibling = tmp_path / "www" / "file.txt.gz"
    sibling.symlink_to("../secret.txt")
    headers = {"Accept-Encoding": "gzip"}
    assert (await client.get("/static/file.txt", headers)).text == "public"
    sibling.unlink()
    os.mkfifo(sibling)
    assert (await client.get("/static/file.txt", headers)).text == "public"
    sibling.unlink()
    sibling.write_bytes(b"compressed")
    assert (await client.get("/static/file.txt", headers)).body == b"compressed"


async def test_a_file_that_is_there_only_compressed_must_be_in_the_folder(client, tmp_path):
    (tmp_path / "secret.js.gz").write_bytes(gzip.compress(b"secret"))
    (tmp_path / "www" / "app.js.gz").symlink_to("../secret.js.gz")
    (tmp_path / "www" / "inside.js.gz").symlink_to("real.gz")
    (tmp_path / "www" / "real.gz").write_bytes(gzip.compress(b"public"))
    os.mkfifo(tmp_path / "www" / "pipe.js.gz")
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        for name in ("app.js", "pipe.js", "folder/x.js", "dangling.txt", "loop.txt"):
            assert (await client.get("/static/" + name, headers)).status_code == 404
    assert (await client.get("/static/inside.js")).text == "public"


async def test_a_file_written_again_within_a_second_has_another_etag(client, tmp_path):
    file = tmp_path / "www" / "file.txt"
    tags = set()
    for nanoseconds in (1, 2):
        os.utime(file, ns=(nanoseconds, 1_700_000_000_000_000_000 + nanoseconds))
        tags.add((await client.get("/static/file.txt")).headers["ETag"])
    assert len(tags) == 2


async def test_an_unreadable_file_is_not_found(client, monkeypatch, caplog):
    def refuse(name, *args):
        raise PermissionError(13, "Permission denied", name)

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", refuse)
        response = await client.get("/static/file.txt")
        assert (response.status_code, response.text) == (404, "Not found")
    (record,) = caplog.records
    line = record.getMessage()
    assert line.startswith("Cannot read '") and line.endswith("file.txt': Permission denied") and not record.exc_info
    caplog.clear()
    assert (await client.get("/static/nothing.txt")).status_code == 404 and not caplog.records
