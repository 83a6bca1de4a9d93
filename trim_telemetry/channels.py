"""The two channels of a run: marked lines on stdout, and the file. One that breaks is left; the run goes on."""

from __future__ import annotations

import errno
from typing import Any, Callable, Mapping, Optional

from . import record
from .config import Config
from .errors import ConfigError, TelemetryWarning
from .sections import Section
from .sinks.ndjson_file import NdjsonFile
from .sinks.stdout_lines import StdoutLines

_FILE = "file (--trim-file, TRIM_FILE)"  # the setting, for messages
_NOBODYS_FAULT = (errno.ENOSPC, errno.EROFS, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC))


class Channels:
    """Writes records to the channels that the settings ask for.

    stdout: the descriptor that the markers go to, None for none; stream: the text stream on it; warn: is told once when
    a channel is lost. Raises ConfigError when the file can't be made, but for a disk that is full or read-only while
    stdout has everything: that is no wrong setting, and the run goes on.
    """

    def __init__(
        self, config: Config, stdout: Optional[int], stream: Optional[Any], warn: Callable[[TelemetryWarning], None]
    ) -> None:
        self._warn = warn
        self._identity = {"schema_version": record.SCHEMA_VERSION, "run_id": config.run_id}
        self._path = config.file
        self._stdout = self._open_stdout(stdout, stream) if config.stdout and stdout is not None else None
        self._keep(self._open_file(config.file, config.fsync) if config.file else None, self._stdout)

    def _keep(self, file: Optional[NdjsonFile], stdout: Optional[StdoutLines]) -> None:
        """Write to these from now on. The two answers are asked for with every test, so they are made once."""
        self._file, self._stdout = file, stdout
        self.file_open = file is not None  # is there a file, for the records that only a file gets?
        self.any_open = file is not None or stdout is not None  # does anybody get the results?

    def _open_stdout(self, descriptor: int, stream: Optional[Any]) -> Optional[StdoutLines]:
        try:
            return StdoutLines(descriptor, stream)
        except OSError as error:  # started with stdout closed: there is nothing to write to
            self._warn(TelemetryWarning("stdout-lost", f"stdout could not be used: {error}"))
            return None

    def _open_file(self, path: str, fsync: bool) -> Optional[NdjsonFile]:
        try:
            return NdjsonFile(path, fsync)
        except OSError as error:
            if error.errno not in _NOBODYS_FAULT or self._stdout is None:
                raise ConfigError(_FILE, f"{path} can't be made: {error.strerror or error}") from None
            self._warn(TelemetryWarning("file-lost", f"{path} could not be made: {error}"))
            return None

    def started(self, line: str) -> None:
        """Write an encoded test_start."""
        self._to_file(line)

    def result(self, line: str, coverage: Section) -> None:
        """Write an encoded test_result. coverage: its section, which may be shorter on stdout."""
        if self._file is not None:
            self._to_file(record.with_type("test_result", line))
        if coverage.brief is not None and self._stdout is not None:
            line = line.replace(coverage.text, coverage.brief, 1)  # in no string: there its quotes are escaped
        self._to_stdout(record.RESULT_MARKER, line)

    def summary(self, content: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
        """Write the run_summary. brief: what stands on stdout in the place of keys of it."""
        self._to_file(record.encode("run_summary", content))
        self._to_stdout(record.SUMMARY_MARKER, record.encode(None, {**content, **brief}))

    def other(self, record_type: str, content: Mapping[str, Any]) -> None:
        """Write a record that only the file gets."""
        self._to_file(record.encode(record_type, {**self._identity, **content}))

    def look_for_file(self) -> None:
        """Say so when the file is not where it was made: a test has removed or replaced it."""
        if self._file is not None and not self._file.is_there():
            self._warn(TelemetryWarning("file-lost", f"{self._path} was removed while the tests ran"))

    def _to_file(self, line: str) -> None:
        if self._file is not None:
            try:
                self._file.write(line)
            except OSError as error:
                self._keep(None, self._stdout)
                self._warn(TelemetryWarning("file-lost", f"{self._path} ends before the run did: {error}"))

    def _to_stdout(self, marker: str, line: str) -> None:
        if self._stdout is not None:
            try:
                self._stdout.write(marker, line)
            except OSError as error:
                self._keep(self._file, None)
                self._warn(TelemetryWarning("stdout-lost", f"stdout could not be written to any more: {error}"))

    def close(self) -> None:
        """Give the descriptors back."""
        for sink in (self._file, self._stdout):
            if sink is not None:
                sink.close()
        self._keep(None, None)
