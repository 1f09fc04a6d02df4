"""What the dashboard measures and switches: change this file for what you have connected.

On a Pico and an ESP32 the temperature is that of the chip itself, so that no sensor is needed. Connect a relay, or an
LED with its resistor, to GP15 for the switch "Pump". On a computer, values and switches are stand-ins.
"""

import math
import sys
import time

try:
    from machine import ADC, Pin
except ImportError:
    ADC = Pin = None  # no board

LED = 2 if sys.platform == "esp32" else "LED"


def _pico():
    sensor = ADC(4)
    return lambda: 27 - (sensor.read_u16() * 3.3 / 65535 - 0.706) / 0.001721


def _esp32():
    import esp32

    if hasattr(esp32, "mcu_temperature"):
        return esp32.mcu_temperature
    return lambda: (esp32.raw_temperature() - 32) / 1.8  # the first ESP32 counts in Fahrenheit


def _stand_in():
    phase = time.time() % 600
    return 21.5 + 2 * math.sin(phase * math.pi / 60) + 0.4 * math.sin(phase * math.pi / 7.5)


def choose_sensor():
    """Return a function that returns degrees Celsius."""
    if Pin is None:
        return _stand_in
    return _esp32() if sys.platform == "esp32" else _pico()


temperature = choose_sensor()


class Switch:
    """An output pin."""

    def __init__(self, label, pin):
        self.label = label
        self.on = False
        self._pin = None if Pin is None else Pin(pin, Pin.OUT, value=0)

    def turn(self, on):
        """Switch the pin on or off."""
        self.on = on
        if self._pin is not None:
            self._pin.value(on)


SWITCHES = [Switch("LED", LED), Switch("Pump", 15)]
