"""Who may import whom, read from the source; and the house rules that a parser can see."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Set

import pytest

from .support import ROOT

# A module imports from the rows above its own, and from nowhere else. Within a row: modules of one folder, or of one
# framework (unittest_..., pytest_..., django_...). Names of folders stand for all their modules.
WRITING = (  # while tests run
    "errors outcome texts addresses permission identity",
    "sections allow_list stand_ins imports audit",
    "record config redaction unwanted services",
    "collectors analysis sinks",  # never each other: the session joins them
    "drivers guard",
    "surroundings trial tally channels announcement statements attempts covered_sources covered_run",  # its own rooms
    "summary lines",
    "observation",
    "guarding",
    "session",
    "exit_status signals script worker",
    "unittest_frames unittest_case unittest_result unittest_recorder",  # behind the unittest and the Django doors
    "pytest_case pytest_fixtures pytest_report pytest_recorder",
    "django_rerun django_worker django_pool django_parallel django_run",
    "pytest_hooks",
    "pytest_worker",
    "pytest_controller",
    "unittest_instrumentation pytest_plugin pytest_instrumentation django_runner django_instrumentation",
    "__init__",
)
READING = (  # after the run; of the writing side they know these:
    "errors outcome texts addresses",
    "sections allow_list",
    "record config redaction",
    "analysis",  # pure figures, and their sums: the one thing more that both wings have
    "tally",
    "summary",
    "runs",
    "reports exports",
    "cli",
    "__main__",
)
DOORS = ("pytest_", "django_")  # the only modules that import what is not the standard library
PRINTERS = ("sinks", "cli", "__main__")
LIBRARIES = {
    "pytest",
    "django",
    "coverage",
    "xdist",
    "unittest",
    "sqlite3",
    "psycopg",
    "psycopg2",
    "MySQLdb",
    "pymysql",
}
PACKAGE = ROOT / "trim_telemetry"


class Import(NamedTuple):
    """One import: who imports, from which line, what; `lazy` inside a function, `inner` from our own package."""

    importer: str
    line: int
    imported: str
    lazy: bool
    inner: bool


class Module(NamedTuple):
    """A module of the package. name: dotted, without the package's own."""

    name: str
    path: Path
    tree: ast.Module
    lines: List[str]

    @property
    def group(self) -> str:
        """What stands for it in the table of rows: its folder, or itself."""
        return self.name.partition(".")[0]


def _modules() -> Iterator[Module]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
        if parts[-1] == "__init__" and len(parts) > 1:
            parts.pop()
        text = path.read_text(encoding="utf-8")
        yield Module(".".join(parts), path, ast.parse(text, str(path)), text.splitlines())


MODULES = list(_modules())
NAMES = {module.name for module in MODULES}
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


def imports_of(module: Module) -> Iterator[Import]:
    """What it imports when it runs: what stands under TYPE_CHECKING never runs."""
    for node, lazy in _running(module.tree, False):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(module.name, node.lineno, name.name, lazy, False)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield Import(module.name, node.lineno, str(node.module), lazy, False)
        elif isinstance(node, ast.ImportFrom):
            for imported in _inner(module, node):
                yield Import(module.name, node.lineno, imported, lazy, True)


def _running(node: ast.AST, lazy: bool) -> Iterator["tuple[ast.AST, bool]"]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.dump(child.test) == ast.dump(ast.parse("TYPE_CHECKING").body[0].value):
            for other in child.orelse:
                yield from _running(ast.Module([other], []), lazy)
            continue
        yield child, lazy
        yield from _running(child, lazy or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))


def _inner(module: Module, node: ast.ImportFrom) -> Iterator[str]:
    """The modules that a relative import names: `from . import a` a module, `from .a import b` a name in one."""
    folder = module.name.split(".") if module.path.name == "__init__.py" else module.name.split(".")[:-1]
    if module.name == "__init__":
        folder = []
    base = folder[: len(folder) - node.level + 1] + (node.module.split(".") if node.module else [])
    for name in node.names:
        inside = ".".join([*base, name.name])
        yield inside if inside in NAMES else ".".join(base) or "__init__"


IMPORTS = [found for module in MODULES for found in imports_of(module)]


# -- the rows ---


def rows(side: "tuple[str, ...]") -> Dict[str, int]:
    return {name: number for number, row in enumerate(side) for name in row.split()}


def may_import(importer: str, imported: str) -> bool:
    """Do the tables allow it?"""
    one, other = importer.partition(".")[0], imported.partition(".")[0]
    if one == other and "." in importer:
        return True
    for side in (rows(WRITING), rows(READING)):
        if one in side and other in side:
            same_framework = "_" in one and one.partition("_")[0] == other.partition("_")[0]
            return side[other] < side[one] or (side[other] == side[one] and same_framework)
    return False


@each_module
def test_module_has_a_row(module):
    assert module.group in {**rows(WRITING), **rows(READING)}, f"give {module.group} its row in WRITING or READING"


@each_module
def test_module_imports_only_from_the_rows_above(module):
    for found in IMPORTS:
        if found.importer == module.name and found.inner and not is_version(module, found):
            assert may_import(found.importer, found.imported), f"{module.path.name}:{found.line}: {found.imported}"


def is_version(module: Module, found: Import) -> bool:
    """`from . import __version__`: a literal that is there before any module of ours is imported."""
    return found.imported == "__init__" and module.lines[found.line - 1].strip() == "from . import __version__"


def test_wings_share_the_wall_and_nothing_else():
    writing, reading = set(rows(WRITING)), set(rows(READING))
    wall = {"errors", "outcome", "texts", "sections", "record", "config", "redaction"}
    wall |= {"addresses", "allow_list"}  # which settings are checked with
    assert writing & reading == wall | {"analysis", "tally", "summary"}


@pytest.mark.parametrize(
    "importer, imported, allowed",
    [
        ("record", "texts", True),
        ("texts", "record", False),
        ("sinks.stdout_lines", "sinks.descriptor", True),
        ("sinks.stdout_lines", "record", True),
        ("sinks.stdout_lines", "collectors.timing", False),
        ("collectors.source", "analysis.flags", False),
        ("analysis.flags", "collectors.source", False),
        ("drivers.sqlite", "collectors.queries", True),
        ("collectors.queries", "drivers.sqlite", False),
        ("session", "sinks.ndjson_file", True),
        ("tally", "session", False),
        ("channels", "tally", False),
        ("pytest_plugin", "session", True),
        ("pytest_plugin", "pytest_hooks", True),
        ("pytest_plugin", "django_runner", False),
        ("django_runner", "unittest_result", True),
        ("__init__", "session", True),
        ("session", "__init__", False),
        ("runs.run", "record", True),
        ("runs.run", "session", False),
        ("runs.run", "tally", True),
        ("runs.recovery", "analysis.flags", True),
        ("runs.run", "collectors.timing", False),
        ("runs.watch", "sinks.ndjson_file", False),
        ("session", "runs.run", False),
        ("reports.html", "runs.run", True),
        ("reports.html", "exports.junit", False),
        ("cli", "exports.junit", True),
        ("cli", "pytest_plugin", False),
    ],
)
def test_rows_mean_what_the_design_says(importer, imported, allowed):
    assert may_import(importer, imported) is allowed


def test_imports_are_seen_wherever_they_stand():
    seen = {(found.importer, found.imported): found.lazy for found in IMPORTS if found.inner}
    assert seen["sinks.stdout_lines", "sinks.descriptor"] is False
    assert seen["sinks.stdout_lines", "record"] is False
    assert seen["analysis.flags", "config"] is False
    assert seen["session", "outcome"] is False
    assert seen["__init__", "session"] is True


def test_no_module_imports_itself_through_others():
    graph: Dict[str, Set[str]] = {name: set() for name in NAMES}
    for found in IMPORTS:
        if found.inner and found.imported != "__init__":
            graph[found.importer].add(found.imported)
    done: Set[str] = set()

    def visit(name: str, way: List[str]) -> None:
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in done:
            for imported in graph.get(name, ()):
                visit(imported, [*way, name])
            done.add(name)

    for name in graph:
        visit(name, [])


# -- what is not ours ---


@pytest.mark.skipif(sys.version_info < (3, 10), reason="sys.stdlib_module_names is not there yet")
@each_module
def test_only_doors_import_more_than_the_standard_library(module):
    for found in IMPORTS:
        name = found.imported.partition(".")[0]
        if found.importer == module.name and not found.inner and not found.lazy and name not in sys.stdlib_module_names:
            assert module.name.startswith(DOORS), f"{module.path.name}:{found.line}: {name}"
            assert name in ("pytest", "_pytest", "django"), f"{module.path.name}:{found.line}: {name}"


@each_module
def test_own_modules_are_imported_relatively_for_a_copy_may_have_another_name(module):
    absolute = [found for found in IMPORTS if found.importer == module.name and not found.inner]
    assert [found.line for found in absolute if found.imported.partition(".")[0] == "trim_telemetry"] == []


def test_importing_the_package_imports_none_of_its_modules():
    code = "import sys; before = set(sys.modules); import trim_telemetry; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, stdout=-1, stderr=-1, timeout=60)
    assert (done.stdout.split(), done.stderr) == ([b"['trim_telemetry']"], b"")


@each_module
def test_no_module_is_named_like_a_library(module):
    name = module.name.rpartition(".")[2]
    assert name not in LIBRARIES
    if name not in ("__init__", "__main__"):
        assert name not in getattr(sys, "stdlib_module_names", ())


# -- house rules ---


def nodes(module: Module, kind: type) -> Iterator[ast.AST]:
    return (node for node in ast.walk(module.tree) if isinstance(node, kind))


@each_module
def test_no_class_is_one_that_pytest_would_collect(module):
    assert [node.name for node in nodes(module, ast.ClassDef) if node.name.startswith("Test")] == []


@each_module
def test_only_sinks_and_the_command_line_print(module):
    calls = [node for node in nodes(module, ast.Call) if isinstance(node.func, ast.Name) and node.func.id == "print"]
    assert module.group in PRINTERS or [call.lineno for call in calls] == []


@each_module
def test_annotations_are_not_evaluated(module):
    if len(module.tree.body) > 1 and module.name != "__init__":
        first = module.tree.body[1]
        assert isinstance(first, ast.ImportFrom)
        assert first.module == "__future__"


@each_module
def test_module_says_what_it_is(module):
    assert ast.get_docstring(module.tree)


@each_module
def test_broad_except_raises_again_or_has_its_reason_on_the_line(module):
    for handler in nodes(module, ast.ExceptHandler):
        is_broad = handler.type is None or "Exception" in [
            getattr(part, "id", "").replace("BaseException", "Exception") for part in ast.walk(handler.type)
        ]
        last = handler.body[-1]
        if is_broad and not (isinstance(last, ast.Raise) and last.exc is None):
            assert has_reason(module.lines[handler.lineno - 1]), f"{module.path.name}:{handler.lineno}"


@each_module
def test_suppression_has_its_reason_on_the_line(module):
    for number, line in enumerate(module.lines, 1):
        if re.search(r"#\s*(noqa|type:\s*ignore|pragma)", line):
            assert has_reason(line), f"{module.path.name}:{number}"


def has_reason(line: str) -> bool:
    """Is there a comment of some words that is more than a directive for a tool?"""
    comments = re.split(r"#\s*", line)[1:]
    words = [comment for comment in comments if not re.match(r"(noqa|type:\s*ignore|pragma)", comment)]
    return any(len(comment.split()) > 1 for comment in words)


@pytest.mark.parametrize(
    "line, expected",
    [
        ("except Exception:", False),
        ("except Exception:  # ours", False),
        ("except Exception:  # ours, not the user's", True),
        ("except Exception:  # noqa: BLE001", False),
        ("except Exception:  # noqa: BLE001  # ours, not the user's", True),
        ("x = y  # type: ignore[attr-defined]", False),
        ("x = y  # type: ignore[attr-defined]  # not in the stubs", True),
    ],
)
def test_reason_is_more_than_a_directive(line, expected):
    assert has_reason(line) is expected


def test_package_data_is_declared():
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (names,) = re.findall(r"^\[tool\.setuptools\.package-data\]\ntrim_telemetry = \[(.*)\]$", declared, re.MULTILINE)
    data = {path.name for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert data == set(re.findall(r'"(.*?)"', names))
