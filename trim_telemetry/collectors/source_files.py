"""Which files are a project's source: those under its root that are neither tests nor somebody else's."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from typing import Dict, Iterable, Iterator, List, Optional, Set

from .coverage_py import Rules

_OTHERS_FOLDERS = {"site-packages", "dist-packages", "node_modules", "__pycache__", "__pypackages__"}
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")
_TEST_FOLDER = "tests"
_TEST_FILE = re.compile(r"(test_.*|.*_test|tests|conftest)\.pyw?\Z")
_SOURCE_FILE = re.compile(r"[^.#~!$@%^&*()+=,]+\.pyw?\Z")  # as coverage.py has it: others can't be imported
_MOST_FOLDERS = 20_000  # that are looked through for files that were never imported
_OURS = os.path.realpath(os.path.dirname(os.path.dirname(__file__)))

_realpath, _islink, _stat, _scandir = (
    os.path.realpath,
    os.path.islink,
    os.stat,
    os.scandir,
)  # kept from the start: tests replace them


class SourceFiles:
    """Tells files by the names that code objects have. root: the folder that they are under."""

    def __init__(self, root: str) -> None:
        self.root = _realpath(root)
        self._prefix = os.path.join(self.root, "")
        self._tests: Set[str] = set()
        self._folders: Dict[str, bool] = {}  # is this one of the project's own?
        self._paths: Dict[str, Optional[str]] = {}
        self._real_folders: Dict[str, str] = {}
        self._rules: Optional[Rules] = None
        self._wanted: Dict[str, bool] = {}
        standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")} | {sys.prefix, sys.exec_prefix}
        inside = {_realpath(path) for path in standard if path}
        self._others = {_OURS, *(path for path in inside if path.startswith(self._prefix))}

    def obey(self, rules: Rules) -> None:
        """From now on these are the rules."""
        self._rules = rules
        self._wanted.clear()

    def hold_tests(self, files: Iterable[str]) -> None:
        """The runner has found tests in these: they are no source."""
        self._tests.update(map(_realpath, files))
        self._wanted.clear()
        self._paths.clear()

    @property
    def tests(self) -> Set[str]:
        """Files in which tests were found."""
        return self._tests

    def path(self, filename: str) -> Optional[str]:
        """Return the path of a file that may be source, by its name in a code object; None where it is not.

        This does not ask for the rules: they may be other ones later.
        """
        try:
            return self._paths[filename]
        except KeyError:
            found = self._paths[filename] = self._find(filename)
            return found

    def _find(self, filename: str) -> Optional[str]:
        if filename.startswith("<") or not filename.endswith((".py", ".pyw")) or "\0" in filename:
            return None
        path = self._real(filename)
        return path if self.holds(path) and not self._is_test(path) and _is_there(path) else None

    def _real(self, filename: str) -> str:
        """As realpath() has it, which asks the disk for each folder on the way, and for each file of a folder again."""
        folder, name = os.path.split(filename)
        if not os.path.isabs(folder) or sys.platform == "win32":  # where names have more than one spelling
            return _realpath(filename)
        real = self._real_folders.get(folder)
        if real is None:
            real = self._real_folders[folder] = _realpath(folder)
        path = os.path.join(real, name)
        return _realpath(path) if _islink(path) else path

    def holds(self, path: str) -> bool:
        """Is a file of any kind in one of the project's own folders?"""
        return path.startswith(self._prefix) and self._is_own(os.path.dirname(path))

    def _is_own(self, folder: str) -> bool:
        if len(folder) < len(self._prefix):
            return True
        found = self._folders.get(folder)
        if found is None:
            name = os.path.basename(folder)
            found = not (
                name.startswith(".")
                or name in _OTHERS_FOLDERS
                or folder in self._others
                or any(_is_there(os.path.join(folder, mark)) for mark in _ENVIRONMENT_MARKS)
            )
            found = self._folders[folder] = found and self._is_own(os.path.dirname(folder))
        return found

    def wants(self, path: str) -> bool:
        """Is a file, by its path, source by all rules? Tests are not."""
        found = self._wanted.get(path)
        if found is None:
            found = self._wanted[path] = not self._is_test(path) and self.obeys_rules(path)
        return found

    def _is_test(self, path: str) -> bool:
        folder, name = os.path.split(path[len(self._prefix) :])
        return path in self._tests or bool(_TEST_FILE.match(name)) or _TEST_FOLDER in folder.split(os.sep)

    def obeys_rules(self, path: str) -> bool:
        """Do the project's settings for coverage.py let it in?"""
        rules = self._rules
        if rules is None:
            return True
        if rules.folders or rules.packages:
            in_folder = any(path.startswith(os.path.join(folder, "")) or path == folder for folder in rules.folders)
            if not in_folder and not any(self._is_in(package, path) for package in rules.packages):
                return False
        return all(include.match(path) for include in rules.include) and not any(
            omit.match(path) for omit in rules.omit
        )

    @property
    def are_chosen(self) -> bool:
        """Do the project's settings for coverage.py say which files are wanted?"""
        rules = self._rules
        return rules is not None and bool(rules.folders or rules.packages or rules.include or rules.omit)

    def _is_in(self, package: str, path: str) -> bool:
        """Does it lie where a package or module of that name would, wherever sys.path may lead?"""
        place = f"{os.sep}{os.path.splitext(path[len(self._prefix) :])[0]}{os.sep}"
        return f"{os.sep}{package.replace('.', os.sep)}{os.sep}" in place

    def name(self, path: str) -> str:
        """Return a file's name in records: relative to the root, with forward slashes."""
        return path[len(self._prefix) :].replace(os.sep, "/")

    def path_of(self, name: str) -> str:
        """Return the path of a file by its name in records."""
        return os.path.join(self.root, *name.split("/"))

    def all(self) -> Iterator[str]:
        """Yield the paths of all source files under the root, imported or not.

        Raises OverflowError where there are too many folders: the root may be a whole disk's.
        """
        rules = self._rules
        folders = rules.folders if rules is not None else ()
        only_packages = bool(folders) and not (rules is not None and rules.namespaces)
        waiting = [(self.root, False)]  # folders, and whether they are below one of `source`
        seen = 0
        while waiting:
            folder, is_below = waiting.pop()
            seen += 1
            if seen > _MOST_FOLDERS:
                raise OverflowError(f"more than {_MOST_FOLDERS:,} folders")
            entries = _entries(folder)
            is_source = folder in folders
            # coverage.py looks for packages below the folders of `source`, and for nothing else.
            if only_packages and is_below and not is_source and not any(e.name == "__init__.py" for e in entries):
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != _TEST_FOLDER and self._is_own(entry.path):
                        waiting.append((entry.path, is_below or is_source))
                elif _SOURCE_FILE.match(entry.name) and not entry.is_symlink() and self.wants(entry.path):
                    yield entry.path


def _is_there(path: str) -> bool:
    try:
        _stat(path)
        return True
    except (OSError, ValueError):  # ValueError: no name that a file can have
        return False


def _entries(folder: str) -> List[os.DirEntry[str]]:
    try:
        with _scandir(folder) as found:
            return list(found)
    except OSError:  # nobody may look into it
        return []
