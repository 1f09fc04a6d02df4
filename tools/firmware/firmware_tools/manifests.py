"""The framework's manifest: its module lists, manifests derived from a board's, and what a manifest freezes."""

import ast
import importlib.util
import runpy
import types

from .console import FirmwareError
from .paths import FIRMWARE, MANIFEST


def lists():
    """Return the global names of manifest.py: PACKAGE, CORE, SETS and the function modules()."""
    nothing = {name: lambda *args, **kwargs: None for name in ("include", "package")}
    options = types.SimpleNamespace(defaults=lambda **kwargs: None, sets="core", port=False)
    return runpy.run_path(str(MANIFEST), init_globals={**nothing, "options": options})


def modules(sets):
    """Return the names of the framework's modules in the freeze sets *sets*; FirmwareError for an unknown set."""
    try:
        return lists()["modules"](sets)
    except ValueError as error:
        raise FirmwareError(str(error)) from None


def package():
    """Return the folder of the framework's package."""
    return FIRMWARE / lists()["PACKAGE"]


def source_modules():
    """Return the names of all modules in the package's folder, as manifest.py writes them."""
    return sorted(path.relative_to(package()).with_suffix("").as_posix() for path in package().rglob("*.py"))


def import_name(module):
    """Return the dotted name by which a program imports a module that manifest.py calls *module*."""
    return f"{lists()['PACKAGE']}/{module}".removesuffix("/__init__").replace("/", ".")


def imports(module):
    """Return the names of the modules of the package that its module *module* imports, those for typing left out."""
    tree = ast.parse((package() / f"{module}.py").read_text())
    typing = {
        inner
        for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "False"
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level and node not in typing:
            folder = module.split("/")[:-node.level] + (node.module.split(".") if node.module else [])
            found |= resolve(folder) | {name for alias in node.names for name in resolve([*folder, alias.name])}
    return found - {module, "__init__"}


def resolve(parts):
    """Return the module of the package that *parts* of a dotted name lead to, and the packages it is in."""
    path = package().joinpath(*parts)
    if path.is_dir():
        parts = [*parts, "__init__"]
    elif not path.with_suffix(".py").exists():
        return set()
    return {"/".join(parts), *("/".join([*parts[:depth], "__init__"]) for depth in range(1, len(parts) - 1))}


def check(sets=None, app=None):
    """Raise FirmwareError for unknown freeze sets, and for an application without anything to freeze."""
    if sets not in (None, "none"):
        modules(sets)
    if app is not None and not any(app.glob("*.py")):
        raise FirmwareError(f"{app} has no .py file to freeze")


def derive(path, board, sets=None, app=None):
    """Write to *path* the manifest of *board*, with other freeze sets and the application in folder *app* if given.

    The set `none` leaves the framework out, for comparison.
    """
    if sets == "none":
        folder = "variants" if board.port == "unix" else "boards"
        lines = [f'include("$(PORT_DIR)/{folder}/manifest.py")\n', 'include("$(MPY_DIR)/extmod/asyncio")\n']
    elif sets is None:
        lines = [f'include("{board.manifest}")\n']
    else:
        lines = [f'include("{board.manifest}", sets="{sets}")\n']
    if app is not None:
        lines.append(f'freeze("{app.resolve()}")\n')
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(lines)
    # An unchanged manifest keeps its time, so that nothing is built again.
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return path


def frozen_files(manifest, source, port):
    """Return the paths, in the firmware, of the modules that *manifest* freezes in a build of *port*."""
    spec = importlib.util.spec_from_file_location("manifestfile", source.mp / "tools" / "manifestfile.py")
    manifestfile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(manifestfile)
    variables = {
        "MPY_DIR": str(source.mp),
        "MPY_LIB_DIR": str(source.lib or source.mp / "lib" / "micropython-lib"),
        "PORT_DIR": str(source.port(port)),
        "BOARD_DIR": str(manifest.parent),
    }
    reader = manifestfile.ManifestFile(manifestfile.MODE_FREEZE, variables)
    try:
        reader.execute(str(manifest))
    except manifestfile.ManifestFileError as error:
        raise FirmwareError(str(error)) from None
    return [item.target_path for item in reader.files()]
