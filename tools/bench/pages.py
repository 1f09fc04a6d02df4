"""Measure how long a page with 40 images takes in Chromium, beside Microdot 2.7.

    python tools/bench/pages.py [--rounds 5] [--browsers 1 3] [--places 8] [--runtimes cpython micropython]

Both serve `tests/live/page_app.py`. In each round both load the page once, in all browsers at the same time. The times
are medians over all browsers and rounds, from the start of the navigation to the last image; the ratio is that of
Microdot to that of this project. Microdot has no limit of connections. Needs Chromium.
"""

import argparse
import asyncio
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))

from playwright.async_api import async_playwright  # noqa: E402

from server_process import ServerProcess  # noqa: E402

APP = ROOT / "tests" / "live" / "page_app.py"
PEER = "microdot==2.7.0"
PEER_FOLDER = ROOT / ".cache" / "bench" / "microdot27"
IMAGES = 40
# Resolves to the milliseconds to the last image and the number of images that came.
TIMES = """() => new Promise(done => {
  const look = () => {
    const images = [...document.images];
    if (images.length < %d || !images.every(image => image.complete)) return setTimeout(look, 5);
    const ends = performance.getEntriesByType("resource").map(entry => entry.responseEnd);
    done([Math.max(...ends), images.filter(image => image.naturalWidth).length]);
  };
  look();
})""" % IMAGES  # fmt: skip


def peer():
    """Return the folder with Microdot, which is fetched if it is not there."""
    if not (PEER_FOLDER / "microdot").exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", PEER_FOLDER, PEER]
        subprocess.run(command, check=True)
    return PEER_FOLDER


def server(runtime, folder, places):
    """Return the process that serves the page from the framework in a folder."""
    if runtime == "cpython":
        command, variable, paths = [sys.executable, "-B"], "PYTHONPATH", [folder]
    else:
        program = pathlib.Path(sys.executable).with_name("micropython")
        command, variable, paths = [str(program), "-X", "heapsize=1m"], "MICROPYPATH", [".frozen", folder]
    environment = {**os.environ, variable: os.pathsep.join(map(str, paths))}
    return ServerProcess([*command, str(APP), "0", str(places)], ROOT, environment)


async def load(browser, port, count):
    """Load the page in so many browsers at once; return a list of (milliseconds, images)."""
    contexts = [await browser.new_context() for _ in range(count)]
    pages = [await context.new_page() for context in contexts]

    async def one(page):
        await page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
        return await page.evaluate(TIMES)

    try:
        return await asyncio.gather(*[one(page) for page in pages])
    finally:
        for context in contexts:
            await context.close()


async def measure(runtime, count, places, rounds):
    """Print a line for each contestant, and the ratio."""
    ours, theirs = server(runtime, ROOT / "firmware", places), server(runtime, peer(), places)
    results = [], []
    with ours, theirs:
        async with async_playwright() as playwright:
            program = os.environ.get("CHROMIUM") or shutil.which("chromium")
            browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            await load(browser, ours.port, 1)  # Chromium's own beginning
            for _ in range(rounds):
                for contestant, result in zip((ours, theirs), results, strict=True):
                    result += await load(browser, contestant.port, count)
            await browser.close()
    times = [statistics.median(time for time, _ in result) for result in results]
    for name, time, result in zip(("this project", "Microdot 2.7"), times, results, strict=True):
        came = sum(number for _, number in result)
        print(f"{runtime}, {count} browsers, {name}: {time:.0f} ms, {came} of {IMAGES * len(result)} images")
    print(f"{runtime}, {count} browsers: ratio {times[1] / times[0]:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--browsers", type=int, nargs="*", default=[1, 3])
    parser.add_argument("--places", type=int, default=8)
    parser.add_argument("--runtimes", nargs="*", default=["cpython", "micropython"])
    options = parser.parse_args()
    for runtime in options.runtimes:
        for count in options.browsers:
            asyncio.run(measure(runtime, count, options.places, options.rounds))


if __name__ == "__main__":
    main()
