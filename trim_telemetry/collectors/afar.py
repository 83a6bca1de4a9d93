"""What processes that tests have started have tried: each writes it to a file of its own in one folder."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Mapping, Optional

_dumps = json.JSONEncoder(ensure_ascii=True).encode
_loads = json.JSONDecoder().decode


class Afar:
    """The folder, once a process was started. In a child, it is what the parent said."""

    def __init__(self) -> None:
        self.folder: Optional[str] = None
        self._read: Dict[str, int] = {}  # bytes by file

    def prepare(self) -> str:
        """Return the folder, made if need be. Raises OSError."""
        if self.folder is None:
            # Not by tempfile, which imports more than a process that is about to fork should.
            places = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")] + ["/tmp", "/var/tmp"]
            place = next((place for place in places if place and os.path.isdir(place)), os.getcwd())
            folder = os.path.join(place, f"trim-telemetry-guard-{os.urandom(8).hex()}")
            os.mkdir(folder, 0o700)
            self.folder = folder
        return self.folder

    def write(self, values: Mapping[str, Any]) -> None:
        """Tell the parent."""
        if self.folder is not None:
            try:
                path = os.path.join(self.folder, str(os.getpid()))
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                try:
                    os.write(descriptor, _dumps(values).encode("ascii") + b"\n")
                finally:
                    os.close(descriptor)
            except OSError:  # the parent is done, and has taken the folder away
                pass

    def read(self) -> List[Dict[str, Any]]:
        """Return what children have told since this was last asked."""
        if self.folder is None:
            return []
        try:
            names = os.listdir(self.folder)
        except OSError:  # a test has removed it
            return []
        return [values for name in sorted(names) for values in self._new_in(name)]

    def _new_in(self, name: str) -> List[Dict[str, Any]]:
        with open(os.path.join(str(self.folder), name), "rb") as file:
            file.seek(self._read.get(name, 0))
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read[name] = self._read.get(name, 0) + len(whole)
        return [_loads(line.decode("ascii")) for line in whole.splitlines()]

    def remove(self) -> None:
        """The run is over."""
        folder, self.folder = self.folder, None
        self._read.clear()
        if folder is not None:
            from shutil import rmtree

            rmtree(folder, ignore_errors=True)
