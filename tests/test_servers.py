"""tools/servers.py: what it says of each server, and what it ends with."""

import socket
from pathlib import Path

import pytest

from tools import servers
from tools.servers import Server

NOBODYS = Server("Nobody's", 1, ("no-such-program",), ("no-such-service",))


def test_one_that_listens_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = NOBODYS._replace(port=listening.getsockname()[1])
        assert servers._look_after(server) == 0
    assert capsys.readouterr().out == "Nobody's is up\n"


def test_one_that_is_not_installed_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert servers._look_after(NOBODYS) == 0
    assert "not installed" in capsys.readouterr().out


def test_one_that_is_installed_and_can_not_be_started_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_PATIENCE", 0.0)
    assert servers._look_after(NOBODYS._replace(programs=("python3", "python"))) == 1
    assert "does not answer on 127.0.0.1:1" in capsys.readouterr().out


def test_program_on_the_path_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert servers.is_installed(NOBODYS) is False
    (tmp_path / "no-such-program").touch(0o755)
    assert servers.is_installed(NOBODYS) is True
