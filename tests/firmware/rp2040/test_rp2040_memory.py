"""The heap that the framework takes on the chip, against the committed table, and its time, which is only noted."""

from needs import needed

import chip
from firmware_tools import sizes

LEAST_FREE_THAT_ANSWERS = 2048  # bytes; it is found in steps of 160, too coarse for the table


def test_heap_has_not_grown(emulator, pico_ppp_uf2, note):
    with needed():
        result = chip.measure(pico_ppp_uf2)
    section = chip.heap_section(result)
    assert None not in section.values(), f"the board did not serve: {result}"
    note("heap in bytes", ", ".join(f"{name} {size}" for name, size in section.items()))
    memory = result["memory"]
    times = {name: f"{figures['milliseconds']} ms" for name, figures in result["dispatch"].items()}
    assert set(times) == {"get", "dynamic", "post"}
    note("requests", ", ".join(f"{name} {time}" for name, time in times.items()))
    note("heap free with 33 routes and PPP", f"{memory['freeBytes']} bytes")
    note("least free heap that answers a GET", f"{memory['leastFreeBytes']} bytes")
    assert memory["leastFreeBytes"] is not None and memory["leastFreeBytes"] <= LEAST_FREE_THAT_ANSWERS
    sizes.check_growth({"rp2040_heap": section})


def test_heap_of_an_installed_framework_has_not_grown(emulator, firmware, tmp_path):
    image = firmware("RPI_PICO_PPP", sets="none").image
    with needed():
        filesystem = chip.installed_filesystem(tmp_path / "own.bin", own=True, bytecode=True)
        result = chip.measure_installed(image, filesystem, "--only", "get")
    sizes.check_growth({"rp2040_installed": chip.installed_section(result)})
