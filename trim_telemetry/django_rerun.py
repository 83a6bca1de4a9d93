"""How one test of a `manage.py test` is run again."""

from __future__ import annotations

import os
import sys
from typing import Dict, List, Optional, Sequence


class Rerun:
    """Gives the arguments of `manage.py test` that run one test again, from its id.

    path: sys.path before discovery. It puts folders in, and a test in such a one can't be asked for by its name alone.
    discovery: labels and options that found the tests.
    """

    def __init__(self, path: Sequence[str], discovery: Sequence[str] = ()) -> None:
        self.path: List[str] = [os.path.abspath(entry) for entry in path]
        self.discovery = discovery
        self._is_importable: Dict[str, bool] = {}

    def __call__(self, test_id: str) -> Sequence[str]:
        package = test_id.partition(".")[0]
        known = self._is_importable.get(package)
        if known is None:
            known = self._is_importable[package] = _folder_of(package) in self.path
        return [test_id] if known else [*self.discovery, "-k", f"*{test_id}"]


def _folder_of(package: str) -> Optional[str]:
    """Return the folder that a top-level module or package was imported from."""
    module = sys.modules.get(package)
    places = list(getattr(module, "__path__", ())) or [getattr(module, "__file__", None)]
    return os.path.dirname(os.path.abspath(places[0])) if places[0] else None
