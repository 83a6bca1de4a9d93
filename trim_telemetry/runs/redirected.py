"""Runs whose only channel is stdout: their records are taken out of a stream and written to files."""

from __future__ import annotations

import os
from threading import Thread
from typing import IO, Dict, Iterator, List, Set

from ..record import with_type
from .markers import Found, Markers
from .watch import Watched

_CHUNK = 65_536
_PATIENCE = 1.0  # seconds; what the command has left running may hold its stdout for ever


class Redirected:
    """Reads `source` in a thread, passes on to `sink` what is not ours, and writes a file for each run in `folder`."""

    def __init__(self, folder: str, source: IO[bytes], sink: IO[bytes]) -> None:
        self.lost: List[str] = []  # files that could not be written to the end
        self._folder = folder
        self._source, self._sink = source, sink
        self._is_heard = True  # does anybody read what we pass on?
        self._files: Dict[str, IO[bytes]] = {}
        self._broken: Set[str] = set()
        self._made: List[str] = []
        self._thread = Thread(target=self._pump, daemon=True)
        self._thread.start()

    def new(self) -> Iterator[Watched]:
        """Yield the runs that have begun since last time."""
        while self._made:
            yield Watched(self._made.pop(0))

    @property
    def is_over(self) -> bool:
        """Has the stream ended?"""
        return not self._thread.is_alive()

    def finish(self) -> None:
        """The command is over: take what is left of its output."""
        self._thread.join(_PATIENCE)

    def _pump(self) -> None:
        markers = Markers()
        number = self._source.fileno()
        for data in iter(lambda: os.read(number, _CHUNK), b""):
            self._take(markers.feed(data))
        self._take(markers.end())
        for file in self._files.values():
            file.close()

    def _take(self, parts: Iterator[object]) -> None:
        for part in parts:
            if isinstance(part, Found):
                self._keep(part.content["run_id"], with_type(part.record_type, part.line))
            elif isinstance(part, bytes):
                self._pass(part)

    def _keep(self, run_id: str, line: str) -> None:
        """Write a record. Where that can't be done (disk full) the command's output goes on all the same."""
        if run_id not in self._broken:
            try:
                self._file_of(run_id).write(line.encode("ascii", "backslashreplace") + b"\n")
            except OSError:
                self._broken.add(run_id)
                self.lost.append(os.path.join(self._folder, f"{run_id}.ndjson"))

    def _pass(self, data: bytes) -> None:
        if self._is_heard:
            try:
                self._sink.write(data)
                self._sink.flush()
            except OSError:  # whoever read our stdout has gone; the records are still kept
                self._is_heard = False

    def _file_of(self, run_id: str) -> IO[bytes]:
        if run_id not in self._files:
            self._files[run_id] = file = self._make(run_id)
            self._made.append(file.name)
        return self._files[run_id]

    def _make(self, run_id: str) -> IO[bytes]:
        """Make a file that is not there yet: a log may be read twice."""
        number = 1
        while True:
            name = f"{run_id}.ndjson" if number == 1 else f"{run_id}-{number}.ndjson"
            try:
                return open(os.path.join(self._folder, name), "xb", buffering=0)
            except FileExistsError:
                number += 1
