"""Freeze the framework into MicroPython firmware.

Give this file to a build as it is, which freezes the core beside what the port itself freezes:

    make -C ports/rp2 BOARD=RPI_PICO_W FROZEN_MANIFEST=/path/to/manifest.py

or include it in a manifest of your own, with the freeze sets that the application needs:

    include("/path/to/manifest.py", sets="realtime forms")

Options:
    sets: names from SETS separated by spaces; `core` is always there, `all` is every set.
    port: whether to include the port's own manifest too. Set it to False when yours freezes those modules otherwise.
"""

PACKAGE = "microdot"

CORE = (
    "__init__",
    "_app",
    "_background",
    "_compat",
    "_cookies",
    "_datastructures",
    "_dates",
    "_file_body",
    "_forms",
    "_lifespan",
    "_request",
    "_request_body",
    "_response",
    "_response_body",
    "_routing",
    "_spans",
    "_urls",
    "_utf8",
    "errors",
    "helpers",
    "jsondata",
    "microdot",
    "server/__init__",
    "server/connection",
    "server/http11",
    "server/network",
    "server/writing",
)

# A module may be in several sets.
SETS = {
    "core": (),
    "realtime": (
        "_queues",
        "pubsub",
        "sse",
        "websocket/__init__",
        "websocket/connection",
        "websocket/frames",
        "websocket/handshake",
        "websocket/permessage_deflate",
    ),
    "forms": (
        "cors",
        "csrf",
        "hosts",
        "multipart/__init__",
        "multipart/parser",
        "proxies",
        "static",
        "uploads",
    ),
    "sessions": (
        "_clock",
        "_digests",
        "auth",
        "login",
        "passwords",
        "session",
        "throttle",
        "tokens",
    ),
    "templates": (
        "reverse",
        "utemplate",
    ),
    "device": (
        "_clock",
        "_digests",
        "checks",
        "csrf",
        "device/__init__",
        "device/_access_point",
        "device/_board",
        "device/_dns",
        "device/_fields",
        "device/_hardware",
        "device/_hosts",
        "device/_log",
        "device/_log_events",
        "device/_ntp",
        "device/_page",
        "device/_pages",
        "device/_portal",
        "device/_portal_page",
        "device/_secret",
        "device/_settings",
        "device/_start",
        "device/_station",
        "device/_status",
        "device/_style",
        "device/_update",
        "device/_versions",
        "hosts",
        "throttle",
    ),
}


def modules(sets):
    """Return the names of the modules that the freeze sets named in the string *sets* consist of."""
    names = list(SETS) if sets == "all" else sets.split()
    unknown = [name for name in names if name not in SETS]
    if unknown:
        raise ValueError("unknown freeze set {}; choose from {} or all".format(unknown[0], " ".join(SETS)))
    found = list(CORE)
    for name in SETS:
        if name in names:
            found.extend([module for module in SETS[name] if module not in found])
    return found


def include_port():
    """Include the port's manifest, where ports keep it; a port that freezes nothing has none."""
    for folder in ("boards", "variants"):
        try:
            return include("$(PORT_DIR)/" + folder + "/manifest.py")
        except Exception as error:
            if folder + "/manifest.py: [Errno 2]" not in str(error):
                raise
    return None


options.defaults(sets="core", port=True)
if options.port:
    include_port()
include("$(MPY_DIR)/extmod/asyncio")
package(PACKAGE, [name + ".py" for name in modules(options.sets)], base_path="firmware", opt=3)
