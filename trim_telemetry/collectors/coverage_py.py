"""coverage.py: its settings, its parser, a running one that is borrowed, and one of our own.

All that is private in it, and that we lean on, is in here; tests/test_coverage_py.py pins it on the oldest and on the
newest release. It is imported by none of our modules, only by these functions.
"""

from __future__ import annotations

import ast
import atexit
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Pattern, Sequence, Set, Tuple

_CONFIG_FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml")
_TEMPLATES = "django_coverage_plugin"
_CONSTANT = {"no-data-collected", "module-not-measured", "no-ctracer", "no-sysmon", "trace-changed"}

Lines = Dict[str, Set[int]]  # by file

_open = open  # kept from the start: tests replace it


class UnparsableError(Exception):
    """A file that coverage.py can't read, or finds no Python in."""


class Rules(NamedTuple):
    """What a project tells coverage.py of its files.

    folders, packages: `source`, empty for none; include, omit: what a path must match, or must not; exclude: which
    lines are no statements; namespaces: are folders without __init__.py packages, too; templates: the options of
    django_coverage_plugin, None where the project does not use it.
    """

    folders: Tuple[str, ...]
    packages: Tuple[str, ...]
    include: Tuple[Pattern[str], ...]
    omit: Tuple[Pattern[str], ...]
    exclude: str
    namespaces: bool
    templates: Optional[Mapping[str, Any]]


class Parsed(NamedTuple):
    """A file's statements, by their first lines, and of each further line of a statement its first line."""

    tree: ast.Module
    statements: List[int]
    first: Dict[int, int]


def is_installed() -> bool:
    """Is it? A folder of that name, as reports are written to, is none."""
    try:
        spec = find_spec("coverage")
    except (ImportError, ValueError):  # a stand-in without a spec is in sys.modules
        return False
    return spec is not None and spec.origin is not None


def release() -> str:
    """Return what tells its release from any other, without importing it where that can be done."""
    try:
        spec = find_spec("coverage")
        with _open(os.path.join(os.path.dirname(str(spec and spec.origin)), "version.py"), encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError, ImportError):  # it lies in a zip file, or is laid out in another way
        return str(_coverage().__version__)


def _coverage(part: str = "") -> Any:
    """Import it, or a module of it: Any, because what is private in it is in no stubs."""
    return import_module(f"coverage.{part}" if part else "coverage")


def running() -> Optional[Any]:
    """Return the Coverage that measures this process, None where there is none. It imports nothing."""
    kind: Any = getattr(sys.modules.get("coverage"), "Coverage", None)
    found = kind.current() if hasattr(kind, "current") else None
    return found if found is not None and found._collector is not None else None


def can_pause(tracer: Any) -> bool:
    """May a trace function be taken out with sys.settrace(None), and put back in the same frame?

    That of coverage.py in C provides for it: it marks each frame that is entered, so that it hears of its end. With
    greenlets, which it tells apart, another one could run meanwhile.
    """
    kind = getattr(sys.modules.get("coverage.tracer"), "CTracer", None)
    return kind is not None and type(tracer) is kind and tracer.concur_id_func is None


def may_be_configured(folder: str) -> bool:
    """Is there anything in a folder by which a project could tell coverage.py something?"""
    if os.environ.get("COVERAGE_RCFILE"):
        return True
    for name in _CONFIG_FILES:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                if name.startswith(".coveragerc") or b"coverage" in file.read():
                    return True
        except OSError:  # it is not there, or nobody may read it: coverage.py would pass it by, too
            pass
    return False


def rules() -> Rules:
    """Read the settings: those of the Coverage that runs, else those of the working directory.

    Raises what coverage.py raises for a file of settings that it can't read.
    """
    coverage = _coverage()
    owner = running()
    if owner is None:
        owner = coverage.Coverage(data_file=None)

    def option(name: str) -> List[str]:
        try:
            return list(owner.get_option(name) or ())
        except _coverage("exceptions").ConfigError:  # this release has no such option
            return []

    source = option("run:source")
    folders = [*filter(os.path.isdir, source), *option("run:source_dirs")]
    packages = [*(name for name in source if not os.path.isdir(name)), *option("run:source_pkgs")]
    has_source = bool(folders or packages)  # then coverage.py passes `include` by
    include = [] if has_source else [option("run:include")]
    plugin = owner.config.get_plugin_options(_TEMPLATES)  # public on the object that plugins are given
    return Rules(
        tuple(os.path.realpath(folder) for folder in folders),
        tuple(packages),
        tuple(map(_matcher, filter(None, [*include, option("report:include")]))),
        tuple(map(_matcher, filter(None, [option("run:omit"), option("report:omit")]))),
        _coverage("misc").join_regex(option("report:exclude_lines")),
        bool(owner.get_option("report:include_namespace_packages")),
        plugin if _TEMPLATES in option("run:plugins") else None,
    )


def default_exclude() -> str:
    """Return which lines are no statements where a project says nothing of it."""
    plain = _coverage().Coverage(data_file=None, config_file=False)
    return str(_coverage("misc").join_regex(plain.get_option("report:exclude_lines")))


def _matcher(patterns: Sequence[str]) -> Pattern[str]:
    files = _coverage("files")
    matcher: Pattern[str] = files.globs_to_regex(
        files.prep_patterns(patterns), case_insensitive=sys.platform == "win32"
    )
    return matcher


def parse(path: str, exclude: str) -> Parsed:
    """Find the statements of a file. Raises UnparsableError."""
    try:
        parser = _coverage("parser").PythonParser(filename=path, exclude=exclude)
        parser.parse_source()
    except (_coverage().CoverageException, SyntaxError, ValueError, RecursionError) as error:  # of NUL, or no encoding
        raise UnparsableError(str(error)) from None
    return Parsed(parser._ast_root or ast.parse(parser.text), *_statements_of(parser))


def parse_text(text: str, exclude: str) -> Tuple[List[int], Dict[int, int]]:
    """Find the statements of a text that is Python, as in Parsed."""
    parser = _coverage("parser").PythonParser(text=text, exclude=exclude)
    parser.parse_source()
    return _statements_of(parser)


def _statements_of(parser: Any) -> Tuple[List[int], Dict[int, int]]:
    first = {}
    for line in range(1, parser.text.count("\n") + 2):
        start = parser.first_line(line)
        if start != line:
            first[line] = start
    return sorted(parser.statements), first


def template_plugin(options: Mapping[str, Any]) -> Any:
    """Make django_coverage_plugin's file tracer. Raises ImportError where it is not installed."""
    found: List[Any] = []

    class Registry:
        def add_file_tracer(self, plugin: Any) -> None:
            found.append(plugin)

        def add_configurer(self, plugin: Any) -> None:
            """It only asks where reports go, which is no concern of ours."""

    import_module(_TEMPLATES).coverage_init(Registry(), dict(options))
    found[0].html_report_dir = ""
    return found[0]


def template_statements(path: str, options: Mapping[str, Any]) -> List[int]:
    """Find the lines of a template that can run. Raises UnparsableError."""
    try:
        return sorted(template_plugin(options).file_reporter(path).lines())
    except Exception as error:  # noqa: BLE001  # a plugin's, and it may raise anything that Django does
        raise UnparsableError(str(error)) from None


def template_files(folders: Sequence[str], options: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths of all templates in these folders."""
    for folder in folders:
        for path in template_plugin(options).find_executable_files(folder):
            yield os.path.realpath(path)


# -- a running Coverage, borrowed ---


class _Sink:
    """Stands for a CoverageData while a collector flushes: the collector unpacks what it has, and clears it."""

    def __init__(self) -> None:
        self.lines: Dict[str, Set[int]] = {}
        self.arcs: Dict[str, Set[Tuple[int, int]]] = {}
        self._kinds: Set[str] = set()  # a CoverageData takes it as said which of both it is for, though there be none
        self.tracers: Dict[str, str] = {}

    def add_lines(self, lines: Mapping[str, Any]) -> None:
        self._kinds.add("lines")
        for file, found in lines.items():
            self.lines.setdefault(file, set()).update(found)

    def add_arcs(self, arcs: Mapping[str, Any]) -> None:
        self._kinds.add("arcs")
        for file, found in arcs.items():
            self.arcs.setdefault(file, set()).update(found)

    def add_file_tracers(self, tracers: Mapping[str, str]) -> None:
        self.tracers.update(tracers)

    def set_context(self, context: Optional[str]) -> None:
        """It is the owner's concern."""

    def pour_into(self, other: Any) -> None:
        """Add all that is in it to another sink, or to the owner's data."""
        if "lines" in self._kinds:
            other.add_lines(self.lines)
        if "arcs" in self._kinds:
            other.add_arcs(self.arcs)
        if self.tracers:
            other.add_file_tracers(self.tracers)

    def all_lines(self) -> Lines:
        found = {file: set(lines) for file, lines in self.lines.items()}
        for file, arcs in self.arcs.items():
            found.setdefault(file, set()).update(line for arc in arcs for line in arc if line > 0)
        return found


class Borrowed:
    """A running Coverage, whose collector is emptied by us, and whose owner still gets everything.

    What is taken out is owed to the owner, and paid when the owner asks for it: at a change of context, on get_data(),
    save() and stop(), at exit. Never before: until then the data file may be removed (pytest-cov's workers do that
    where `parallel` is set), and what was in it would be lost.
    """

    def __init__(self, coverage: Any) -> None:
        self.coverage = coverage
        self._collector = coverage._collector
        self._flush: Callable[[], bool] = self._collector.flush_data
        self._reset: Callable[[], None] = self._collector.reset
        self._ours, self._owed = _Sink(), _Sink()
        self._was_active = False
        self._is_given_back = False
        self._collector.flush_data = self._flush_for_owner
        self._collector.reset = self._reset_for_owner

    def _drain(self) -> None:
        collector, sink = self._collector, _Sink()
        data = collector.covdata
        collector.covdata = sink
        try:
            self._was_active |= bool(self._flush())
        finally:
            collector.covdata = data
        if not self._is_given_back:
            sink.pour_into(self._ours)
        sink.pour_into(self._owed)

    def _flush_for_owner(self) -> bool:
        """What the owner calls: True where there was anything, else the owner leaves its unexecuted files out."""
        self._drain()
        owed, self._owed = self._owed, _Sink()
        was_active, self._was_active = self._was_active, False
        owed.pour_into(self._collector.covdata)
        if self._is_given_back:
            self._let_go()
        return was_active

    def _reset_for_owner(self) -> None:
        """What the owner calls to have all forgotten that was not asked for yet."""
        if not self._is_given_back:
            self._drain()
        self._owed, self._was_active = _Sink(), False
        self._reset()

    @property
    def is_on(self) -> bool:
        """Does the Coverage still collect where it did? Once it has erased its data, it makes a new collector."""
        return self.coverage._collector is self._collector

    def take(self) -> Lines:
        """Return the lines that ran since this was last asked."""
        self._drain()
        ours, self._ours = self._ours, _Sink()
        return ours.all_lines()

    def is_template(self, file: str) -> bool:
        """Was a file seen through a plugin?"""
        return file in self._collector.file_tracers

    def give_back(self) -> None:
        """Take no more. Once what is owed is paid, the Coverage is as it was."""
        self._is_given_back = True

    def _let_go(self) -> None:
        for name, ours in (("flush_data", self._flush_for_owner), ("reset", self._reset_for_owner)):
            if vars(self._collector).get(name) == ours:
                delattr(self._collector, name)


class BorrowedLines(Borrowed):
    """The same, of one that counts no branches: its sets of lines are read where they are, and filled again."""

    def __init__(self, coverage: Any) -> None:
        super().__init__(coverage)
        self._taken: Lines = {}
        self._owed_lines: Lines = {}

    def _drain(self) -> None:
        """Take what is there: it is ours, and owed."""
        for file, lines in _emptied(self._collector.data):
            for kept in (self._taken, self._owed_lines):
                if file in kept:
                    kept[file] |= lines
                else:
                    kept[file] = set(lines)

    def _pay(self) -> None:
        data = self._collector.data
        owed, self._owed_lines = self._owed_lines, {}
        for file, lines in owed.items():
            data.setdefault(file, set()).update(lines)

    def _flush_for_owner(self) -> bool:
        self._drain()
        self._pay()
        was_active = bool(self._flush())
        if not was_active:  # then it is all there still, and was ours already
            self._owed_lines = dict(_emptied(self._collector.data))
        return was_active

    def _reset_for_owner(self) -> None:
        super()._reset_for_owner()
        self._owed_lines = {}

    def take(self) -> Lines:
        """Return the lines that ran since this was last asked."""
        self._drain()
        taken, self._taken = self._taken, {}
        return taken

    def give_back(self) -> None:
        """Put back what is owed, and leave the Coverage as it was."""
        self._drain()
        self._pay()
        self._let_go()


def borrow(coverage: Any) -> Borrowed:
    """Borrow a running Coverage."""
    return (Borrowed if coverage._collector.branch else BorrowedLines)(coverage)


def _emptied(data: Lines) -> List[Tuple[str, Set[int]]]:
    """Take the lines out of a collector's sets, which are never replaced: frames further up the stack hold them."""
    found = []
    for file, lines in list(data.items()):
        if lines:
            copy = lines.copy()
            found.append((file, copy))
            lines.difference_update(copy)
    return found


# -- one of our own ---


class Own:
    """A Coverage in memory, that nobody else sees.

    wants: is a file to be traced, by its name, and whether it is a template; templates: see Rules.
    """

    def __init__(self, wants: Callable[[str, bool], bool], templates: Optional[Mapping[str, Any]]) -> None:
        self._wants = wants
        own = self._coverage = _coverage().Coverage(data_file=None, config_file=False, auto_data=False)
        own.set_option("run:disable_warnings", sorted(_CONSTANT))
        if templates is not None:
            own.set_option("run:plugins", [_TEMPLATES])
            for name, value in templates.items():
                own.set_option(f"{_TEMPLATES}:{name}", value)
        self._should_trace = own._should_trace
        own._should_trace = self._should_trace_ours
        own._check_include_omit_etc = self._includes
        own.start()
        atexit.unregister(own._atexit)
        own._instances.remove(own)  # Coverage.current() is for the user's own
        self._collector = own._collector
        self._data: Dict[str, Set[int]] = self._collector.data
        self.tracer = sys.gettrace()

    def _should_trace_ours(self, filename: str, frame: Any) -> Any:
        disposition = self._should_trace(filename, frame)
        if disposition.trace and disposition.file_tracer is None and not self._wants(filename, False):
            disposition.trace = False
        return disposition

    def _includes(self, filename: str, frame: Any) -> bool:
        return self._wants(filename, True)

    def take(self) -> Lines:
        """Return the lines that ran since this was last asked."""
        return dict(_emptied(self._data))

    def is_template(self, file: str) -> bool:
        """Was a file seen through a plugin?"""
        return file in self._collector.file_tracers

    @property
    def is_on_top(self) -> bool:
        """Is there no other collector that was started later, and has paused this one?"""
        collectors = self._collector._collectors
        return bool(collectors) and collectors[-1] is self._collector

    def stop(self) -> None:
        """Trace no more. One that another has paused is taken from beneath it, so that it is not resumed."""
        if self.is_on_top and sys.gettrace() in (self.tracer, None):  # else it would take somebody else's away
            self._coverage.stop()
            return
        if self._collector in self._collector._collectors:
            self._collector._collectors.remove(self._collector)
        self._coverage._started = False
