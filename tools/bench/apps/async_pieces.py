"""The streamed response as an asynchronous generator, which MicroPython does not have."""

from common import PIECE, PIECES


async def async_pieces():
    for _ in range(PIECES):
        yield PIECE
