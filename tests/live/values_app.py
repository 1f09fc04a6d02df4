"""An application that makes the response which a request describes, and values that must not reach another request.

Texts come as lists of code points, because JSON cannot carry every one of them to MicroPython.
"""

from microdot import Microdot, Response, redirect

app = Microdot()


def text(points):
    return "".join([chr(point) for point in points])


def by_item(name, value):
    response = Response("x")
    response.headers[name] = value
    return response


def by_merging(name, value):
    response = Response("x")
    response.headers |= {name: value}
    return response


def by_cookie(name, value):
    response = Response("x")
    response.set_cookie(name, value)
    return response


def pieces(numbers):
    yield b""
    for number in numbers:
        yield bytes([number])


MAKERS = {
    "status": lambda status_code: Response("x", status_code),
    "returned number": lambda number: number,
    "reason": lambda reason: Response("x", reason=text(reason)),
    "item": lambda name, value: by_item(text(name), text(value)),
    "merged": lambda name, value: by_merging(text(name), text(value)),
    "returned": lambda name, value: ("x", {text(name): text(value)}),
    "pairs": lambda name, value: ("x", [(text(name), text(value)), ("X-Two", "a"), ("X-Two", "b")]),
    "cookie": lambda name, value: by_cookie(text(name), text(value)),
    "location": lambda location: redirect(text(location)),
    "bytes": lambda numbers: bytes(numbers),
    "text": lambda points: text(points),
    "pieces": lambda numbers: pieces(numbers),
}


@app.post("/make")
async def make(request):
    kind, *arguments = request.json
    try:
        result = MAKERS[kind](*arguments)
        if isinstance(result, tuple):
            result = Response(result[0], 200, result[1])
        return result
    except ValueError as error:
        return "refused: " + type(error).__name__, 422


@app.before_request
def remember(request):
    if "user" in request.args:
        request.url_args["user"] = request.args["user"]


@app.get("/")
def index(request, user="nobody"):
    return user


@app.get("/header")
def header(request, user="nobody"):
    response = Response("")
    if user != "nobody":
        response.headers["X-User"] = user
    return response


@app.get("/nan")
def nan(request):
    return {"temperature": float("nan")}


@app.get("/spoiled")
def spoiled(request):
    response = Response("x")
    response.headers["Set-Cookie"] = ["a=1"]
    response.headers["Set-Cookie"].append("b=2\r\nX-Injected: 1")
    return response
