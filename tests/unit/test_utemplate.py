"""Templates, here without the package that compiles them: a template is a generator function."""

import os

from microdot import Microdot
from microdot.test_client import TestClient
from microdot.utemplate import Template, escape
from support import folder, raises

FOLDER = folder()
SOURCE = FOLDER + "/broken.html"
COMPILED = FOLDER + "/broken_html.py"


def hello(name, items=()):
    yield "Hello "
    yield str(name)
    for item in items:
        yield "[" + escape(item) + "]"


class Loader:
    made = []

    def __init__(self, package, folder):
        self.made.append((package, folder))

    def load(self, name):
        if name != "hello.html":
            raise OSError(2)
        return hello


def initialize():
    Template.initialize("pages", loader_class=Loader)


def test_initialize():
    del Loader.made[:]
    initialize()
    assert Loader.made == [(None, "pages")]


def test_render():
    initialize()
    template = Template("hello.html")
    assert template.name == "hello.html"
    assert template.render("joe", [1, "<&>"]) == "Hello joe[1][&lt;&amp;&gt;]"
    assert template.render(name="joe") == template.render("joe") == "Hello joe"


def test_generate():
    initialize()
    pieces = Template("hello.html").generate("joe", items=[1])
    assert next(pieces) == "Hello " and list(pieces) == ["joe", "[1]"]


async def test_render_async():
    initialize()
    assert await Template("hello.html").render_async("joe", items=[1]) == "Hello joe[1]"


async def test_generate_async():
    initialize()
    pieces = []
    async for piece in Template("hello.html").generate_async("joe", items=[1]):
        pieces.append(piece)
    assert pieces == ["Hello ", "joe", "[1]"]


async def test_generate_async_is_closed():
    initialize()
    closed = []

    def endless():
        try:
            while True:
                yield "x"
        finally:
            closed.append(True)

    template = Template("hello.html")
    template.template = endless
    pieces = template.generate_async()
    assert await pieces.__anext__() == "x"
    await pieces.aclose()
    assert closed == [True]


def test_missing_template():
    initialize()
    with raises(OSError) as caught:
        Template("missing.html")
    assert "missing.html" in str(caught.value)


class FailingLoader(Loader):
    """Fails as the package does: after a part of what a template is compiled to has been written."""

    pkg_path = FOLDER

    def compiled_path(self, name):
        return "/" + name.replace(".", "_") + ".py"

    def input_open(self, name):
        return open(FOLDER + "/" + name)

    def load(self, name):
        with open(COMPILED, "w") as file:
            file.write("a part")
        raise self.error


def test_a_part_of_a_template_is_removed():
    Template.initialize("pages", loader_class=FailingLoader)
    for error in (MemoryError(), SyntaxError(), OSError(28), KeyboardInterrupt()):
        FailingLoader.error = error
        with open(SOURCE, "w"):
            pass
        with raises(type(error)):
            Template("broken.html")
        assert not exists(COMPILED)
        os.remove(SOURCE)
        with raises(type(error)):
            Template("broken.html")
        assert exists(COMPILED)  # without the source it could not be compiled again
        os.remove(COMPILED)


def exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def test_escape():
    assert escape("<a href=\"x\" id='y'>&amp;</a>") == "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;"
    assert escape(7) == "7" and escape(None) == "None" and escape("") == ""


async def test_responses():
    initialize()
    app = Microdot()
    html = {"Content-Type": "text/html"}

    @app.get("/render")
    async def render(request):
        return Template("hello.html").render("joe"), html

    @app.get("/generate")
    async def generate(request):
        return Template("hello.html").generate("joe", [1]), html

    @app.get("/generate_async")
    def generate_async(request):
        return Template("hello.html").generate_async("joe", [2]), html

    for path, text in (("/render", "Hello joe"), ("/generate", "Hello joe[1]"), ("/generate_async", "Hello joe[2]")):
        response = await TestClient(app).get(path)
        assert response.text == text and response.headers["Content-Type"].startswith("text/html")
