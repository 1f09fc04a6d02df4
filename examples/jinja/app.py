"""A page made of a Jinja template, at once or piece by piece; CPython only."""

from microdot import Microdot, send_file
from microdot.jinja import Template

FOLDER = __file__.rsplit("app.", 1)[0]

app = Microdot()
Template.initialize(FOLDER + "templates", enable_async=True)
HTML = {"Content-Type": "text/html; charset=UTF-8"}


@app.get("/")
async def index(request):
    title = request.args.get("title", "Hello")
    return await Template("page.html").render_async(title=title, items=["one", "<two>", "three"]), HTML


async def numbers():
    for number in range(1000):
        yield number


@app.get("/stream")
async def stream(request):
    return Template("page.html").generate_async(title="A long list", items=numbers()), HTML


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=5000)
