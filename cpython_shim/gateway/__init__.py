"""What the gateways to other servers, `microdot.asgi` and `microdot.wsgi`, have in common."""
