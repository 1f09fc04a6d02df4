# Brings up PPP on UART 0, the emulated board's way to the host.

import time

import network
from machine import UART, Pin

uart = UART(0, baudrate=3_000_000, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=16384)
ppp = network.PPP(uart)
ppp.connect()
while not ppp.isconnected():
    time.sleep_ms(5)
