"""How the API reference reads the package: a comment that begins with `#:` documents the attribute below it."""

import ast

import griffe


class Comments(griffe.Extension):
    """Makes such comments the docstrings of attributes."""

    def on_module_members(self, *, node, mod, agent, **kwargs):
        """Leave out what CPython's modules replace (`from ._cpython import *`): the reference shows the other half."""
        for name, member in list(mod.members.items()):
            if member.is_alias and member.wildcard:
                mod.del_member(name)

    def on_attribute_instance(self, *, node, attr, agent, **kwargs):
        """Give an attribute the comment above it as its docstring."""
        if attr.docstring or not isinstance(node, ast.AST):
            return
        lines = attr.filepath.read_text().splitlines()
        text = []
        at = node.lineno - 2
        while at >= 0 and lines[at].lstrip().startswith("#:"):
            text.insert(0, lines[at].lstrip()[2:].strip())
            at -= 1
        if text:
            attr.docstring = griffe.Docstring("\n".join(text), lineno=at + 2, parent=attr)
