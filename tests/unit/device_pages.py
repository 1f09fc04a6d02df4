"""The pages of a board, and a browser that asks for them."""

import microdot.device._pages  # noqa: F401, I001 -- first: the largest module, for which a small heap must be in one piece
from device_board import Board, Wifi
from microdot import Microdot
from microdot.checks import Field
from microdot.device._pages import Pages
from microdot.device._settings import Settings
from microdot.device._versions import remove
from microdot.test_client import TestClient
from support import folder

FILE = folder() + "/device-pages.json"
SECRET = "abcdefghij"
FIELDS = [
    Field("interval", int, default=60, minimum=1, label="Seconds"),
    Field("token", default="", secret=True),
    Field("mode", default="slow", choices=("slow", "fast")),
    Field("pins", [int], default=()),
]


class Served:
    """The pages of a board, and a browser; a context manager."""

    def __init__(self, is_board=True):
        remove(FILE)
        self.board = Board(IS_BOARD=is_board)
        self.runner = self.board.runner
        self.runner.app = Microdot()
        self.settings = Settings(FILE)
        self.settings.save(device={"secret": SECRET, "name": "attic"})
        self.settings.declare(FIELDS)
        self.pages = Pages(self.settings, self.board.log, Wifi(), self.board.hardware, self.runner)
        self.client = TestClient(self.pages.app)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        remove(FILE)

    async def get(self, path, host="192.168.1.7", **fields):
        return await self.client.get("/_device" + path, headers=dict(fields, Host=host))

    async def post(self, path, body, host="192.168.1.7", **fields):
        return await self.client.post("/_device" + path, headers=dict(fields, Host=host), body=body)

    async def log_in(self):
        response = await self.post("/login", {"secret": SECRET})
        assert response.status_code == 200
        return response
