"""Fuzz the WebSocket frame parser, guided by coverage: `python tests/fuzz/frames.py [libFuzzer options] [folder]`.

Needs atheris and wsproto. The stream must mean the same in one piece, in several and to wsproto. For instance
`python tests/fuzz/frames.py -runs=2000000 -max_len=1000 work/`; the first input that breaks this ends the run.
"""

import pathlib
import sys
import zlib

import atheris

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "tests")]

with atheris.instrument_imports(include=["microdot"]):
    from microdot.websocket.frames import BINARY, CLOSE, CONTINUATION, PING, TEXT, encode

from cpython.test_frames_fuzz import agree, ours, theirs  # noqa: E402

MASK = b"\x01\x02\x03\x04"
SEEDS = (
    encode(TEXT, "gr\u00fc\u20ac\U0001f600".encode(), mask=MASK),
    encode(TEXT, b"a", False, MASK) + encode(PING, b"p", mask=MASK) + encode(CONTINUATION, b"b", mask=MASK),
    encode(BINARY, bytes(130), mask=MASK) + encode(CLOSE, b"\x03\xe8bye", mask=MASK),
    encode(TEXT, b"\xed\xa0\x80", mask=MASK),
)


def one_input(data):
    """Check one stream, split at positions that follow from its content."""
    whole = ours([data])
    seed = zlib.crc32(data)
    cuts = sorted((seed >> shift) % len(data) for shift in (0, 8, 16)) if data else []
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert ours(parts) == whole
    assert agree(theirs(parts), whole)


def main(arguments):
    folders = [argument for argument in arguments[1:] if not argument.startswith("-")]
    if folders:
        folder = pathlib.Path(folders[0])
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(SEEDS):
            (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup(arguments, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
