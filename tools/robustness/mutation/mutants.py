"""The mutants of a module: its source with one small change that a test ought to notice.

What does not run or does not decide anything is left alone: annotations, docstrings, the text of messages, the blocks
under `if False:` or `if -0:` for type checkers, and `__all__`.
"""

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}
# Conditions of blocks for type checkers only.
_NEVER = ("False", "-0", "TYPE_CHECKING")


class Mutant(NamedTuple):
    """A changed module: the line of the change, the code before and after it, and the whole source."""

    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.line}: {_brief(self.before)}  ->  {_brief(self.after)}"


def mutants(source: str) -> "Iterator[Mutant]":
    """Make the mutants of a module, in the order of its lines."""
    tree = ast.parse(source)
    found = []
    for parent, field, index, node in list(_places(tree)):
        for changed in _changes(node):
            _put(parent, field, index, changed)
            text = ast.unparse(ast.fix_missing_locations(tree))
            found.append(Mutant(node.lineno, ast.unparse(node), ast.unparse(changed), text))
            _put(parent, field, index, node)
    return iter(sorted(found, key=lambda mutant: mutant.line))


def _brief(text):
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:57] + "..."


def _put(parent, field, index, node):
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _places(node):
    """Yield (parent, field, index or None, node) for each statement and expression that may be changed."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_left_alone(child):
                yield node, field, index, child
                yield from _places(child)


def _is_left_alone(node):
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) in _NEVER:
        return True
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id == "__all__"
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _changes(node):
    """Yield what may replace *node*."""
    if isinstance(node, ast.stmt):
        yield from _changed_statements(node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for operator in _COMPARISONS[type(node.ops[0])]:
            yield _with(node, ops=[operator()])
    elif isinstance(node, ast.Compare):
        for at, old in enumerate(node.ops):
            for operator in _COMPARISONS[type(old)]:
                yield _with(node, ops=node.ops[:at] + [operator()] + node.ops[at + 1 :])
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for at in range(len(node.values)):
            rest = node.values[:at] + node.values[at + 1 :]
            yield rest[0] if len(rest) == 1 else _with(node, values=rest)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield _with(node, op=_OPERATORS[type(node.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value)
        elif isinstance(node.value, (int, float)):
            yield ast.Constant(node.value + 1)


def _changed_statements(node):
    if isinstance(node, (ast.If, ast.While)):
        yield _with(node, test=ast.Constant(False))
        if isinstance(node, ast.If):
            yield _with(node, test=ast.Constant(True))
    elif isinstance(node, ast.Return):
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield ast.Return(ast.Constant(None))
    elif isinstance(node, (ast.Expr, ast.Raise, ast.Delete, ast.AugAssign, ast.Break, ast.Continue)):
        if not _is_log(node):
            yield ast.Pass()
    elif isinstance(node, ast.Assign):
        if any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets):
            yield ast.Pass()


def _is_log(node):
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id.startswith("log_")


def _with(node, **fields):
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
