"""Pins and analog inputs of an emulated board, from inside and from outside."""

import pytest
from emulated import EmulatedPico, EmulatorError, RawRepl


@pytest.fixture(scope="module")
def pico(emulator, pico_uf2):
    """A Raspberry Pi Pico at its prompt."""
    with EmulatedPico(pico_uf2) as pico:
        yield pico


@pytest.fixture(scope="module")
def repl(pico):
    """Its raw REPL, with `Pin` and `ADC`."""
    with RawRepl(pico) as repl:
        repl.run("from machine import ADC, Pin")
        yield repl


def test_an_output_reads_its_own_level(pico, repl):
    repl.run("out = Pin(15, Pin.OUT)")
    assert repl.run("out.on()\nprint(out.value())") == "1\n"
    assert pico.pin(15) is True
    assert repl.run("out.toggle()\nprint(out.value())") == "0\n"
    assert pico.pin(15) is False


def test_an_input_reads_its_pull_until_something_drives_it(pico, repl):
    repl.run("up, down = Pin(14, Pin.IN, Pin.PULL_UP), Pin(13, Pin.IN, Pin.PULL_DOWN)")
    assert repl.run("print(up.value(), down.value())") == "1 0\n"
    assert (pico.pin(14, False), pico.pin(13, True)) == (False, True)
    assert repl.run("print(up.value(), down.value())") == "0 1\n"
    assert (pico.pin(14, None), pico.pin(13, None)) == (True, False)


def test_a_driven_pin_interrupts(pico, repl):
    repl.run("seen = []\nbutton = Pin(12, Pin.IN, Pin.PULL_UP)")
    repl.run("button.irq(lambda pin: seen.append(pin.value()), Pin.IRQ_FALLING)")
    pico.pin(12, True)
    pico.pin(12, False)
    assert repl.run("import time\ntime.sleep_ms(1)\nprint(seen)") == "[0]\n"


def test_analog_inputs_have_a_voltage(pico, repl):
    assert repl.run("print(round(ADC(26).read_u16() * 3.3 / 65535, 2))") == "1.65\n"
    pico.analog(26, 1.2)
    assert repl.run("print(round(ADC(26).read_u16() * 3.3 / 65535, 2))") == "1.2\n"
    assert repl.run("print(round(27 - (ADC(4).read_u16() * 3.3 / 65535 - 0.706) / 0.001721))") == "27\n"


def test_what_is_not_there_is_refused(pico):
    with pytest.raises(EmulatorError, match="there is no pin 30; there are 0 to 29"):
        pico.pin(30)
    with pytest.raises(EmulatorError, match="there is no analog input 31"):
        pico.analog(31, 1)
    with pytest.raises(EmulatorError, match="takes 0 to 3.3 V, not 5"):
        pico.analog(26, 5)


def test_a_soft_reset_makes_no_noise(pico, repl):
    repl.restart()
    assert repl.run("print('still here')") == "still here\n"
    assert "SIO" not in pico.log()
