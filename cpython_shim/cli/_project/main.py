"""What a board does when it is switched on: join a known Wi-Fi network, then serve the application in app.py."""

from microdot import device

device.run()
