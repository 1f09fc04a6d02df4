"""What `flash` runs, and what it refuses before it runs anything."""

import pathlib

import pytest
from needs import needed

from firmware_tools import boards, command_line, flashing
from firmware_tools.console import FirmwareError


def uf2(path, family, blocks=2):
    """Write a UF2 file of some empty blocks for a chip family."""
    block = b"UF2\n\x57\x51\x5d\x9e" + bytes(20) + family.to_bytes(4, "little")
    path.write_bytes(block.ljust(512, b"\0") * blocks)
    return path


def esp_image(path, chip, size=0x20000):
    """Write an ESP firmware image's first bytes, filled up to *size*."""
    path.write_bytes((b"\xe9" + bytes(11) + chip.to_bytes(2, "little")).ljust(size, b"\0"))
    return path


@pytest.fixture
def pico_image(tmp_path):
    return uf2(tmp_path / "firmware.uf2", 0xE48BFF56)


def dry_run(capsys, *arguments):
    """Return what `python tools/firmware flash ... --dry-run` prints."""
    assert command_line.main(["flash", *map(str, arguments), "--dry-run"]) == 0
    return capsys.readouterr().out


def refusal(capsys, *arguments):
    """Return the one line with which `python tools/firmware flash ...` fails."""
    assert command_line.main(["flash", *map(str, arguments)]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 and printed.err.startswith("firmware: ")
    return printed.err


@pytest.mark.parametrize("name, chip, number, offset", [
    ("ESP32_GENERIC", "esp32", 0, "0x1000"), ("ESP32_GENERIC_S3", "esp32s3", 9, "0x0"),
    ("ESP32_GENERIC_C3", "esp32c3", 5, "0x0"),
])
def test_esp32_firmware_goes_where_the_chip_boots(capsys, tmp_path, name, chip, number, offset):
    image = esp_image(tmp_path / "firmware.bin", number)
    printed = dry_run(capsys, name, "--image", image, "--port", "/dev/ttyUSB0", "--erase")
    assert printed == (
        f"esptool --chip {chip} --port /dev/ttyUSB0 erase-flash\n"
        f"esptool --chip {chip} --port /dev/ttyUSB0 --baud 460800 write-flash {offset} {image}\n"
    )


def test_a_uf2_file_is_copied_to_the_drive(capsys, tmp_path, pico_image):
    assert dry_run(capsys, "RPI_PICO_W", "--image", pico_image) .startswith(f"cp {pico_image} ")
    drive = tmp_path / "RPI-RP2"
    drive.mkdir()
    assert command_line.main(["flash", "RPI_PICO_W", "--image", str(pico_image), "--drive", str(drive)]) == 0
    assert (drive / "firmware.uf2").read_bytes() == pico_image.read_bytes()
    assert capsys.readouterr().out == f"cp {pico_image} {drive}/\n"


def test_a_dry_run_builds_nothing(capsys):
    printed = dry_run(capsys, "RPI_PICO", "--set", "core forms", "--drive", "D")
    assert printed == "python tools/firmware build RPI_PICO --set 'core forms'\ncp firmware.uf2 D/\n"


def test_the_drive_is_found_by_its_information_file(monkeypatch, tmp_path, pico_image):
    for name in ("OTHER", "RPI-RP2"):
        (tmp_path / name).mkdir()
    (tmp_path / "RPI-RP2" / "INFO_UF2.TXT").write_text("")
    monkeypatch.setattr(flashing, "DRIVES", (f"{tmp_path}/*",))
    plan = flashing.firmware_plan(boards.load("RPI_PICO"), pico_image)
    assert plan == [["cp", str(pico_image), f"{tmp_path}/RPI-RP2/"]]


def test_filesystem_images_packages_and_files(capsys, tmp_path):
    image = tmp_path / "vfs.bin"
    image.write_bytes(bytes(8192))
    printed = dry_run(capsys, "ESP32_GENERIC_C3", "--littlefs", image, "--port", "P")
    assert printed == f"esptool --chip esp32c3 --port P --baud 460800 write-flash 0x200000 {image}\n"
    assert dry_run(capsys, "RPI_PICO", "--romfs", image, "--port", "P") == f"mpremote connect P romfs deploy {image}\n"
    assert dry_run(capsys, "RPI_PICO", "--bootloader", "--port", "P") == "mpremote connect P bootloader\n"
    (tmp_path / "app").mkdir()
    for name in ("main.py", "b.html"):
        (tmp_path / "app" / name).write_text("")
    printed = dry_run(capsys, "RPI_PICO", "--copy", tmp_path / "app", "--port", "P")
    assert printed == f"mpremote connect P fs cp -r {tmp_path}/app/b.html {tmp_path}/app/main.py :\n"
    printed = dry_run(capsys, "RPI_PICO", "--mip", "microdot", "--index", "http://127.0.0.1:8000", "--port", "P")
    assert printed == "mpremote connect P mip install --index http://127.0.0.1:8000 microdot\n"


def test_images_for_another_chip_are_refused(capsys, tmp_path, pico_image):
    assert "is for the rp2040; RPI_PICO2_W has the rp2350" in refusal(capsys, "RPI_PICO2_W", "--image", pico_image)
    image = esp_image(tmp_path / "firmware.bin", 5)
    assert "is for the esp32c3; ESP32_GENERIC has the esp32" in refusal(capsys, "ESP32_GENERIC", "--image", image)
    assert "is for the rp2040; ESP32_GENERIC has" in refusal(capsys, "ESP32_GENERIC", "--image", pico_image)


def test_images_too_large_are_refused(capsys, tmp_path):
    large = uf2(tmp_path / "large.uf2", 0xE48BFF56, blocks=2561)
    assert "needs 655616 bytes of flash; RPI_PICO has 655360" in refusal(capsys, "RPI_PICO", "--image", large)
    large = esp_image(tmp_path / "large.bin", 0, size=0x1F0000 + 0x10000)
    assert "needs 2035712 bytes of flash; ESP32_GENERIC has" in refusal(capsys, "ESP32_GENERIC", "--image", large)


def test_what_is_no_image_is_refused(capsys, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("no firmware")
    assert "is neither a UF2 file nor an ESP32 firmware image" in refusal(capsys, "RPI_PICO", "--image", text)
    assert "No such file" in refusal(capsys, "RPI_PICO", "--image", tmp_path / "absent.uf2")
    for option in ("--romfs", "--littlefs"):
        refused = refusal(capsys, "ESP32_GENERIC", option, tmp_path / "absent.bin", "--dry-run")
        assert refused.endswith("absent.bin: no such file\n")
    assert "not a whole number of 4096-byte blocks" in refusal(capsys, "ESP32_GENERIC", "--littlefs", text)
    assert "is written with esptool" in refusal(capsys, "RPI_PICO", "--littlefs", text)
    assert "is empty, or not a folder" in refusal(capsys, "RPI_PICO", "--copy", tmp_path / "absent")
    for option in ((), ("--image", text), ("--dry-run",)):
        assert "UNIX is not hardware" in refusal(capsys, "UNIX", *option)
    assert "--erase is for ESP32 boards" in refusal(capsys, "RPI_PICO", "--erase")


def test_a_romfs_image_larger_than_its_partition_is_refused(capsys, tmp_path):
    image = tmp_path / "rom.img"
    image.write_bytes(bytes(131073))
    message = f"{image} has 131073 bytes; the ROMFS partition of RPI_PICO_PPP has 131072\n"
    assert message in refusal(capsys, "RPI_PICO_PPP", "--romfs", image, "--dry-run")


@pytest.mark.parametrize("ports, message", [
    ([], "no board found on a serial port: connect one, or pass --port"),
    (["/dev/ttyACM0", "/dev/ttyACM1"], "several boards are connected, at /dev/ttyACM0, /dev/ttyACM1: pass --port"),
])
def test_ports_that_are_not_clear(monkeypatch, ports, message):
    monkeypatch.setattr(flashing, "usb_serial_ports", lambda: ports)
    with pytest.raises(FirmwareError, match=message):
        flashing.serial_port(None, dry_run=False)
    assert flashing.serial_port(None, dry_run=True) == "PORT"


def test_the_only_board_is_used(monkeypatch):
    monkeypatch.setattr(flashing, "usb_serial_ports", lambda: ["/dev/ttyACM0"])
    assert flashing.serial_port(None, dry_run=False) == "/dev/ttyACM0"


def test_this_machines_ports_are_looked_up():
    with needed():
        assert all(isinstance(port, str) for port in flashing.usb_serial_ports())


def test_no_drive(monkeypatch, pico_image):
    monkeypatch.setattr(flashing, "DRIVES", ())
    with pytest.raises(FirmwareError, match="no UF2 drive is mounted: hold BOOTSEL"):
        flashing.firmware_plan(boards.load("RPI_PICO"), pico_image)


def tool(folder, monkeypatch, script):
    """Put a stand-in for a tool where `flash` looks for it."""
    path = folder / "esptool"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(flashing, "beside_python", lambda name: str(path) if name == "esptool" else None)


def test_the_tools_failure_is_one_line(monkeypatch, tmp_path, capsys):
    image = esp_image(tmp_path / "firmware.bin", 0)
    arguments = ["flash", "ESP32_GENERIC", "--image", str(image), "--port", "P"]
    tool(tmp_path, monkeypatch, "echo 'A fatal error occurred: This chip is ESP32-C3, not ESP32. Wrong chip.'; exit 2")
    assert command_line.main(arguments) == 1
    assert capsys.readouterr().err.endswith("firmware: wrong chip: A fatal error occurred: This chip is ESP32-C3,"
                                            " not ESP32. Wrong chip.\n")
    tool(tmp_path, monkeypatch, "echo Connecting...; echo 'could not open port P'; exit 1")
    assert command_line.main(arguments) == 1
    assert capsys.readouterr().err.endswith("firmware: esptool failed: could not open port P\n")
    monkeypatch.setattr(flashing, "beside_python", lambda name: None)
    assert command_line.main(arguments) == 1
    assert capsys.readouterr().err == "firmware: esptool is not installed: pip install esptool\n"


def test_the_tool_gets_the_arguments(monkeypatch, tmp_path):
    image = esp_image(tmp_path / "firmware.bin", 0)
    tool(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/arguments')
    assert command_line.main(["flash", "ESP32_GENERIC", "--image", str(image), "--port", "P"]) == 0
    written = pathlib.Path(tmp_path / "arguments").read_text()
    assert written == f"--chip esp32 --port P --baud 460800 write-flash 0x1000 {image}\n"
