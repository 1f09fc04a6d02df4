"""A page made of a template, at once or piece by piece; needs the package `utemplate`."""

from microdot import Microdot, send_file
from microdot.utemplate import Template

FOLDER = __file__.rsplit("app.", 1)[0]

app = Microdot()
HTML = {"Content-Type": "text/html; charset=UTF-8"}


@app.get("/")
async def index(request):
    title = request.args.get("title", "Hello")
    return Template("page.html").render(title, items=["one", "<two>", "three"]), HTML


@app.get("/stream")
async def stream(request):
    return Template("page.html").generate("A long list", items=range(1000)), HTML


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=5000)
