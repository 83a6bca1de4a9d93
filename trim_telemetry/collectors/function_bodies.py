"""Which statements of a module run when it is imported, and which when a function of it is called."""

from __future__ import annotations

import ast
from typing import Iterable, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_PARTS = ("body", "orelse", "handlers", "finalbody", "cases")  # of a statement, that have statements


class Bodies(NamedTuple):
    """Statements outside of functions, by their first lines.

    outer: all of them; ambiguous: those with a function's body in their own line (a lambda, a `def` of one line, or of
    a docstring alone: from Python 3.10 on a call of that runs its first line), which run at both times; certain:
    those that no import passes by, as one that stands in an `if` may be.
    """

    outer: Sequence[int]
    ambiguous: Sequence[int]
    certain: Sequence[int]


def bodies_of(
    tree: ast.Module, statements: Sequence[int], first: Mapping[int, int], has_lambdas: bool = True
) -> Bodies:
    """Part the statements of a module.

    first: of each further line of a statement, its first line; has_lambdas: may there be any? Else only statements are
    looked at.
    """
    inside: Set[int] = set()
    inline: Set[int] = set()
    for begin, end, header in _functions(ast.walk(tree) if has_lambdas else _statements(tree.body)):
        if first.get(begin, begin) == first.get(header, header):
            inline.add(first.get(begin, begin))
            begin += 1
        inside.update(range(begin, end + 1))
    outer = [line for line in statements if line not in inside]
    known = set(outer)
    certain = {first.get(line, line) for line in _certain(tree.body)}
    return Bodies(outer, sorted(inline & known), sorted(certain & known))


def _functions(nodes: Iterable[ast.AST]) -> Iterator[Tuple[int, int, int]]:
    """Yield where the body of each function begins and ends, and where what stands before its body ends."""
    for node in nodes:
        if isinstance(node, _Function):
            begin = _start(node.body[0])
            yield begin, node.end_lineno or begin, node.lineno
            if all(map(_makes_no_code, node.body)):
                yield _start(node), _start(node), _start(node)
        elif isinstance(node, ast.Lambda):
            yield node.lineno, node.lineno, node.lineno


def _statements(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield those of a module and of all that is in it, with what else has statements: a handler, a case."""
    waiting = [*body]
    while waiting:
        node = waiting.pop()
        yield node
        for part in _PARTS:
            waiting += getattr(node, part, ())


def _start(node: ast.stmt) -> int:
    """Return its first line, which may be a decorator's."""
    decorators: List[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _makes_no_code(node: ast.stmt) -> bool:
    """Of a function's body: a docstring, a declaration."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.AnnAssign):
        return node.value is None and isinstance(node.target, ast.Name)
    return isinstance(node, (ast.Global, ast.Nonlocal))


def _certain(body: List[ast.stmt]) -> Iterator[int]:
    for node in body:
        decorators = getattr(node, "decorator_list", ())
        yield from (decorator.lineno for decorator in decorators)
        yield node.lineno
        if isinstance(node, (ast.ClassDef, ast.With)):
            yield from _certain(node.body)
        elif isinstance(node, ast.Try):  # whatever comes behind the first may be passed by
            yield from _certain(node.body[:1])
