"""What a board does when it is switched on: join a Wi-Fi network of settings.json, then serve the application."""

import json
import time
from binascii import unhexlify

import network

from app import app

ATTEMPT = 15  # seconds


def join():
    """Try the known networks, one after the other, until one is joined; return the board's address there."""
    with open("settings.json") as file:  # `microdot setup` writes it
        device = json.load(file)["device"]
    network.hostname(device.get("name") or "microdot")
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    while True:
        for known in device["networks"]:
            name = unhexlify(known["ssid_hex"]) if "ssid_hex" in known else known["ssid"]
            print("joining", name)
            wlan.connect(name, known["password"]) if known["password"] else wlan.connect(name)
            for _ in range(ATTEMPT):
                if wlan.isconnected():
                    return wlan.ifconfig()[0]
                time.sleep(1)


print("serving http://" + join() + "/")
app.run(port=80)
