"""ChuMicro's server, in the loop that its documentation shows for a program that does nothing else."""

from chumicro_http_server import HttpServer, build_response
from chumicro_http_server.streaming import SOURCE_EOF, build_streaming_response
from chumicro_sockets import listener
from chumicro_timing import ticks_ms
from common import DYNAMIC_OTHERS, FILES, HELLO, PIECE, PIECES, STATIC_OTHERS, option

port = int(option("port"))
server = HttpServer(transport_factory=lambda: listener(host="127.0.0.1", port=port), max_connections=64)


def other(request):
    return build_response(200, text="other")


for path in STATIC_OTHERS:
    server.route(path)(other)
for path in DYNAMIC_OTHERS:
    server.route(path + "/<id>")(other)


@server.route("/")
def hello(request):
    return build_response(200, text=HELLO)


@server.route("/users/<id>")
def user(request):
    return build_response(200, text="user %d" % int(request.path_params["id"]))


@server.route("/echo", methods=["POST"])
def echo(request):
    return build_response(200, json=request.json())


@server.route("/files/<name>")
def file(request):
    opened = open(FILES + "/" + request.path_params["name"], "rb")  # noqa: SIM115

    def source(buffer):
        size = opened.readinto(buffer)
        if size:
            return size
        opened.close()
        return SOURCE_EOF

    return build_streaming_response(200, source=source)


@server.route("/stream")
def stream(request):
    left = [PIECE] * PIECES

    def source(buffer):
        if not left:
            return SOURCE_EOF
        size = min(len(buffer), len(left[-1]))
        buffer[:size] = left[-1][:size]
        rest = left.pop()[size:]
        if rest:
            left.append(rest)
        return size

    return build_streaming_response(200, source=source)


while True:
    now = ticks_ms()
    if server.check(now):
        server.handle(now)
