"""The public names of the package: what the API reference has to show."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Folders whose modules are those of the package `microdot`.
FOLDERS = (ROOT / "firmware" / "microdot", ROOT / "cpython_shim")
#: Folders that only other packages of the project use, and no application.
INTERNAL = ("cli", "gateway")


def modules():
    """Return {name of a public module: its file}, sorted by name."""
    found = {"microdot": FOLDERS[0] / "__init__.py"}
    for folder in FOLDERS:
        for path in [*folder.glob("*.py"), *folder.glob("*/__init__.py")]:
            name = path.parent.name if path.name == "__init__.py" else path.stem
            if path.parent != path and not name.startswith("_") and path != found["microdot"] and name not in INTERNAL:
                found["microdot." + name] = path
    return dict(sorted(found.items()))


def names(path):
    """Return the public names of a module: those of `__all__`, else what it defines without an underscore."""
    text = path.read_text()
    lines = text.splitlines()
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(node.name)
        for target in assigned(node):
            if target == "__all__":
                return sorted(ast.literal_eval(node.value))
            if lines[node.lineno - 2].startswith("#:"):  # others are for the module itself
                found.append(target)
    return [name for name in found if not name.startswith("_")]


def assigned(node):
    """Return the names that a statement assigns to."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]
