"""An emulated Raspberry Pi Pico in a process of its own: its raw REPL, its ports on 127.0.0.1, its clock."""

import json
import pathlib
import socket
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
EMULATOR = ROOT / "tools" / "emulator"
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
PATIENCE = 240  # seconds for anything the board is asked: the machine may be busy, and it computes every instruction

# Takes a file from the serial port, in which a byte of its may look like Ctrl-C.
RECEIVE = """
import sys, micropython
micropython.kbd_intr(-1)
left = {size}
with open({path!r}, "wb") as file:
    while left:
        left -= file.write(sys.stdin.buffer.read(min(left, 1024)))
micropython.kbd_intr(3)
"""


def run_script(firmware, script, *options):
    """Run a MicroPython program on a fresh board as fast as it can; return the finished process."""
    line = ["node", EMULATOR / "run.mjs", firmware, script, *options]
    return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE)


class EmulatorError(Exception):
    """What was asked of the emulator is not possible, or did not work; the text says why."""


class EmulatedPhone:
    """A phone beside a board with emulated Wi-Fi. Its methods raise EmulatorError when they do not get through."""

    def __init__(self, command, name):
        self._command = command
        self.name = name

    def _do(self, action, **values):
        return self._command(command="phone", phone=self.name, action=action, **values)

    def join(self, ssid, password=None):
        """Join the board's own network; return ssid, address, router, dns and drops, the times it lost the network."""
        return self._do("join", ssid=ssid, password=password)

    def leave(self):
        """Leave the network."""
        self._do("leave")

    def look_up(self, name):
        """Return the addresses that the board's DNS gives for *name*."""
        return self._do("lookup", name=name)["addresses"]

    def exchange(self, data, port):
        """Send a datagram to the board; return the answer, or None if there is none within a second of its time."""
        answer = self._do("exchange", data=data.hex(), port=port)["data"]
        return None if answer is None else bytes.fromhex(answer)

    def open(self, url, method="GET", headers=None, body=None):
        """Look up the URL's name and open the page; return (status, headers by lower-case name, body)."""
        text = None if body is None else body.decode("latin-1")
        answer = self._do("open", url=url, method=method, headers=headers or {}, body=text)
        return answer["status"], answer["headers"], answer["body"].encode("latin-1")

    def port(self, board_port=80):
        """Return a port on 127.0.0.1 that leads to a port of the board, as the phone reaches it."""
        return self._do("forward", port=board_port)["port"]


class EmulatedPico:
    """A running board.

    :param forwards: ports of the board that the host shall reach; see `port()`.
    :param scripts: programs that run on it, the last one until it has printed `READY`.
    :param scenario: the networks around a Pico W, as docs/emulator.md describes them; other boards have None.
    """

    def __init__(self, firmware, forwards=(), scripts=(), scenario=None):
        line = ["node", EMULATOR / "serve.mjs", firmware, "--repl-port", "0"]
        for board_port in forwards:
            line += ["--forward", f"0:{board_port}"]
        for script in scripts:
            line += ["--script", script]
        if scenario is not None:
            self.scenario = tempfile.NamedTemporaryFile("w", suffix=".json")  # noqa: SIM115 (close() closes it)
            json.dump(scenario, self.scenario)
            self.scenario.flush()
            line += ["--scenario", self.scenario.name]
        else:
            self.scenario = None
        self.printed = tempfile.TemporaryFile("w+")  # noqa: SIM115 (close() closes it)
        self.process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.printed, text=True
        )
        try:
            ready = self._answer()
        except BaseException:
            self.close()
            raise
        self.repl_port = ready["repl"]
        self._ports = ready["ports"]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """End the emulator."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.printed.close()
        if self.scenario:
            self.scenario.close()

    def log(self):
        """Return the end of what the programs on the board and the emulator have printed."""
        self.printed.seek(0)
        return self.printed.read()[-3000:]

    def port(self, board_port):
        """Return the port on 127.0.0.1 that leads to a port of the board."""
        return self._ports[str(board_port)]

    def connect(self, board_port):
        """Return a socket to a port of the board."""
        return socket.create_connection(("127.0.0.1", self.port(board_port)), timeout=PATIENCE)

    def status(self):
        """Return the emulator's figures: simulatedMicroseconds, busyMicroseconds, tcp, linkUp, damagedFrames."""
        return self._command(command="status")

    def pace(self, value):
        """Let idle time on the board pass up to *value* times as fast as on the wall."""
        self._command(command="pace", value=value)

    def clear(self):
        """Begin the TCP figures anew."""
        self._command(command="clear")

    def take(self, count):
        """Take no more than *count* bytes on each connection, as clients that do not read; None: all again."""
        self._command(command="take", bytes=count)

    def reset(self):
        """Take the board's power away for a moment; its flash is kept."""
        self._command(command="reset")

    def pin(self, number, *level):
        """Return whether a pin is high; a *level* given drives it from outside, None lets it go."""
        return self._command(command="pin", number=number, **({"level": level[0]} if level else {}))["level"]

    def analog(self, number, volts):
        """Put a voltage at an analog input."""
        self._command(command="analog", number=number, volts=volts)

    def network(self, ssid, **properties):
        """Change a network around the board, or add it."""
        self._command(command="network", ssid=ssid, **properties)

    def radio(self):
        """Return what the board's radio does: joined, address, channel, accessPoint, led, transactions."""
        return self.status()["wifi"]

    def phone(self, name="phone"):
        """Return the phone of this name, which can join the board's own network."""
        return EmulatedPhone(self._command, name)

    def _command(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise EmulatorError(answer["error"])
        return answer

    def _answer(self):
        watchdog = threading.Timer(PATIENCE, self.process.kill)
        watchdog.start()
        try:
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"the emulator ended: {self.log()}"
        return json.loads(line)


class RawRepl:
    """MicroPython's raw REPL of a board, which may be starting; a context manager."""

    def __init__(self, board):
        self.socket = socket.create_connection(("127.0.0.1", board.repl_port), timeout=PATIENCE)
        self.received = b""
        self.enter()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def enter(self):
        """Ask for the prompt until there is one: what a starting board is sent may be lost."""
        self.socket.settimeout(3)
        for attempt in range(PATIENCE // 3):
            self.send("\r\x03\x03\x01")
            try:
                self.until(PROMPT)
                break
            except TimeoutError:
                assert attempt < PATIENCE // 3 - 1, f"the board has no prompt; it printed {self.received[-300:]}"
        self.socket.settimeout(PATIENCE)

    def send(self, text):
        """Send *text* as it is."""
        self.socket.sendall(text.encode())

    def until(self, end):
        """Return what the board prints up to *end*, without it."""
        while end not in self.received:
            data = self.socket.recv(4096)
            assert data, f"the emulator closed the serial port after {self.received[-300:]}"
            self.received += data
        before, _, self.received = self.received.partition(end)
        return before

    def restart(self):
        """Soft reset: a new heap, nothing imported."""
        self.send("\x04")
        self.until(b"soft reboot")
        self.until(PROMPT)

    def execute(self, program):
        """Run *program*; return (what it printed, its traceback or '')."""
        self.send(program + "\x04")
        self.until(b"OK")
        printed = self.until(b"\x04")
        error = self.until(b"\x04>")
        return tuple(text.decode(errors="replace").replace("\r\n", "\n") for text in (printed, error))

    def run(self, program):
        """Run *program*; return what it printed. A traceback fails the test."""
        printed, error = self.execute(program)
        assert not error, printed + error
        return printed

    def write_file(self, path, data):
        """Write *data* to a file on the board."""
        self.send(RECEIVE.format(path=path, size=len(data)) + "\x04")
        self.until(b"OK")
        self.socket.sendall(data)
        printed = self.until(b"\x04>")
        assert printed == b"\x04", printed.decode(errors="replace")
