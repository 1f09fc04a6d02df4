# The application that is measured: 33 routes, those that are requested behind 30 others.

from microdot import Microdot

app = Microdot()


def add_route(number):
    @app.get("/static/%d/page" % number)
    async def page(request):
        return "page"


for number in range(30):
    add_route(number)


@app.get("/")
async def index(request):
    return "hello"


@app.get("/users/<int:id>")
async def user(request, id):
    return "user %d" % id


@app.post("/echo")
async def echo(request):
    return request.json


def serve():
    return app.start_server(host="0.0.0.0", port=80)
