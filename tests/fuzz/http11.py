"""Fuzz the HTTP parser, guided by coverage: `python tests/fuzz/http11.py [libFuzzer options] [folder of inputs]`.

Needs atheris. The folder is filled with the seeds before the run, and holds the inputs that reached new code after it.
For instance `python tests/fuzz/http11.py -runs=2000000 -max_len=2000 work/corpus`. The first input that breaks a rule
ends the run and is written to a file `crash-*`; put it into tests/fuzz/kept/ as `*.bin`, where tests replay it.
"""

import pathlib
import sys
import zlib

import atheris

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "tests")]

with atheris.instrument_imports(include=["microdot"]):
    import microdot.server.http11  # noqa: F401 (imported here to be instrumented)

from fuzz import inputs, oracle  # noqa: E402


def one_input(data):
    """Check one input, split at a position that is always the same for the same input."""
    oracle.check(data, [zlib.crc32(data) % len(data)] if data else [])


def write_dictionary(folder):
    """Write the words for mutations as a libFuzzer dictionary; return its path."""
    path = folder / "words.dict"
    lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in inputs.WORDS]
    path.write_text("\n".join(lines) + "\n")
    return path


def main(arguments):
    folders = [argument for argument in arguments[1:] if not argument.startswith("-")]
    if folders:
        folder = pathlib.Path(folders[0])
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(inputs.seeds()):
            (folder / f"seed-{number:03d}").write_bytes(seed)
        arguments.append(f"-dict={write_dictionary(folder.parent)}")
    atheris.Setup(arguments, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
