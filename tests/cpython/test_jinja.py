"""Templates of Jinja."""

import jinja2
import pytest

from microdot import Microdot
from microdot.jinja import Template
from microdot.test_client import TestClient

HTML = {"Content-Type": "text/html"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with templates, and a class that knows no folder yet."""
    (tmp_path / "hello.html").write_text("Hello {{ name }}{% for item in items %} [{{ item }}]{% endfor %}")
    (tmp_path / "hello.txt").write_text("Hello {{ name }}")
    monkeypatch.setattr(Template, "jinja_env", None)
    return tmp_path


def test_render(folder):
    Template.initialize(str(folder))
    template = Template("hello.html")
    assert template.name == "hello.html"
    assert template.render(name="joe", items=[1, 2]) == "Hello joe [1] [2]"
    assert template.render({"name": "joe"}) == "Hello joe"


def test_default_folder(folder, monkeypatch):
    (folder / "templates").mkdir()
    (folder / "templates" / "here.html").write_text("here")
    monkeypatch.chdir(folder)
    assert Template("here.html").render() == "here"


def test_autoescape(folder):
    Template.initialize(str(folder))
    assert Template("hello.html").render(name="<b>&'\"") == "Hello &lt;b&gt;&amp;&#39;&#34;"
    assert Template("hello.txt").render(name="<b>") == "Hello <b>"
    Template.initialize(str(folder), autoescape=False)
    assert Template("hello.html").render(name="<b>") == "Hello <b>"


def test_options_and_environment(folder):
    Template.initialize(str(folder), variable_start_string="[[", variable_end_string="]]")
    (folder / "own.html").write_text("[[ name|shout ]] [[ home ]]")
    Template.jinja_env.filters["shout"] = str.upper
    assert Template("own.html", globals={"home": "/"}).render(name="joe") == "JOE /"


def test_missing_template(folder):
    Template.initialize(str(folder))
    for name in "missing.html", "../" + folder.name + "/hello.html":
        with pytest.raises(jinja2.TemplateNotFound):
            Template(name)


def test_generate(folder):
    Template.initialize(str(folder))
    pieces = list(Template("hello.html").generate(name="<", items=[1]))
    assert len(pieces) > 2 and "".join(pieces) == "Hello &lt; [1]"


async def test_async_templates(folder):
    async def numbers():
        for number in 1, 2:
            yield number

    async def name():
        return "<joe>"

    (folder / "async.html").write_text("{{ name() }}{% for item in items %} {{ item }}{% endfor %}")
    Template.initialize(str(folder), enable_async=True)
    assert await Template("async.html").render_async(name=name, items=numbers()) == "&lt;joe&gt; 1 2"
    pieces = [piece async for piece in Template("async.html").generate_async(name=name, items=numbers())]
    assert len(pieces) > 2 and "".join(pieces) == "&lt;joe&gt; 1 2"


async def test_async_needs_enable_async(folder):
    Template.initialize(str(folder))
    with pytest.raises(RuntimeError):
        await Template("hello.html").render_async(name="joe")
    with pytest.raises(RuntimeError):
        await Template("hello.html").generate_async(name="joe").__anext__()


async def test_responses(folder):
    app = Microdot()

    @app.get("/render")
    def render(request):
        return Template("hello.html").render(name=request.args["name"]), HTML

    @app.get("/generate")
    def generate(request):
        return Template("hello.html").generate(name=request.args["name"]), HTML

    @app.get("/render_async")
    async def render_async(request):
        return await Template("hello.html").render_async(name=request.args["name"]), HTML

    @app.get("/generate_async")
    async def generate_async(request):
        return Template("hello.html").generate_async(name=request.args["name"]), HTML

    Template.initialize(str(folder), enable_async=True)
    for path in "/render", "/generate", "/render_async", "/generate_async":
        response = await TestClient(app).get(path + "?name=%3Cscript%3E")
        assert response.text == "Hello &lt;script&gt;", path
