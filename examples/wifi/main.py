"""Started at boot: connect the board to a Wi-Fi network, then serve the application in app.py."""

import time

import network
from app import app

NETWORK = "the network's name"
PASSWORD = "its password"

wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect(NETWORK, PASSWORD)
while not wlan.isconnected():
    print("waiting for the network, status", wlan.status())
    time.sleep(1)
print("serving http://" + wlan.ifconfig()[0] + "/")
app.run(port=80)
