"""Started at boot: keep the board in a network of settings.json, and serve the application in app.py."""

from microdot import device

device.run()
