"""The CI service, the commit, the interpreter: from made-up environments, and from a real repository."""

import os
import shutil
import subprocess
import sys
from unittest import mock

import pytest

import trim_telemetry
from trim_telemetry import surroundings
from trim_telemetry.surroundings import Framework, parse_git_status, surroundings_of

RUNNER = Framework("pytest", "9.0.1")
NO_GIT = {"commit": None, "branch": None, "dirty": None}

PROVIDERS = {
    "github": (
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_RUN_ID": "5",
            "GITHUB_JOB": "test",
            "GITHUB_SHA": "c0ffee",
            "GITHUB_REF_NAME": "main",
        },
        "https://github.com/o/r/actions/runs/5",
        "main",
    ),
    "gitlab": (
        {
            "GITLAB_CI": "true",
            "CI_JOB_URL": "https://gitlab.com/o/r/-/jobs/5",
            "CI_JOB_NAME": "test",
            "CI_COMMIT_SHA": "c0ffee",
            "CI_COMMIT_REF_NAME": "main",
        },
        "https://gitlab.com/o/r/-/jobs/5",
        "main",
    ),
    "jenkins": (
        {
            "JENKINS_URL": "https://ci.example/",
            "BUILD_URL": "https://ci.example/job/test/5/",
            "JOB_NAME": "test",
            "GIT_COMMIT": "c0ffee",
            "GIT_BRANCH": "origin/main",
        },
        "https://ci.example/job/test/5/",
        "origin/main",
    ),
    "circleci": (
        {
            "CIRCLECI": "true",
            "CIRCLE_BUILD_URL": "https://circleci.com/gh/o/r/5",
            "CIRCLE_JOB": "test",
            "CIRCLE_SHA1": "c0ffee",
            "CIRCLE_BRANCH": "main",
        },
        "https://circleci.com/gh/o/r/5",
        "main",
    ),
    "buildkite": (
        {
            "BUILDKITE": "true",
            "BUILDKITE_BUILD_URL": "https://buildkite.com/o/r/builds/5",
            "BUILDKITE_LABEL": "test",
            "BUILDKITE_COMMIT": "c0ffee",
            "BUILDKITE_BRANCH": "main",
        },
        "https://buildkite.com/o/r/builds/5",
        "main",
    ),
    "azure": (
        {
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/o/",
            "SYSTEM_TEAMPROJECT": "p",
            "BUILD_BUILDID": "5",
            "SYSTEM_JOBDISPLAYNAME": "test",
            "BUILD_SOURCEVERSION": "c0ffee",
            "BUILD_SOURCEBRANCH": "refs/heads/main",
        },
        "https://dev.azure.com/o/p/_build/results?buildId=5",
        "main",
    ),
}


def found(environ, root):
    return surroundings_of(RUNNER, environ, str(root))


@pytest.mark.parametrize("name", PROVIDERS)
def test_provider_tells_run_job_commit_and_branch(name, tmp_path):
    environ, run_url, branch = PROVIDERS[name]
    made = found(environ, tmp_path)
    assert made["ci"] == {"provider": name, "run_url": run_url, "job": "test"}
    assert made["git"] == {"commit": "c0ffee", "branch": branch, "dirty": None}


@pytest.mark.parametrize("name", PROVIDERS)
def test_provider_that_says_no_more_than_its_name_leaves_nulls(name, tmp_path):
    mark = next(iter(PROVIDERS[name][0]))
    made = found({mark: "true"}, tmp_path)
    assert made["ci"] == {"provider": name, "run_url": None, "job": None}
    assert made["git"] == NO_GIT


@pytest.mark.parametrize(
    "name, variable, value, branch",
    [
        ("github", "GITHUB_HEAD_REF", "feature", "feature"),
        ("gitlab", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "feature", "feature"),
        ("jenkins", "CHANGE_BRANCH", "feature", "feature"),
        ("azure", "SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/refs/heads/x", "refs/heads/x"),
    ],
)
def test_branch_of_a_pull_request_is_its_source(name, variable, value, branch, tmp_path):
    assert found({**PROVIDERS[name][0], variable: value}, tmp_path)["git"]["branch"] == branch
    assert found({**PROVIDERS[name][0], variable: ""}, tmp_path)["git"]["branch"] == PROVIDERS[name][2]


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": ""}, {"CI": "true"}, {"HOME": "/home/x"}])
def test_outside_of_ci_all_is_null(environ, tmp_path):
    made = found(environ, tmp_path)
    assert made["ci"] == {"provider": None, "run_url": None, "job": None}
    assert made["git"] == NO_GIT


def test_hostile_variables_come_out_clean_and_bounded(tmp_path):
    environ = {"GITLAB_CI": "1", "CI_JOB_NAME": "\x1b[31m\0red\udcff", "CI_JOB_URL": "u" * 5000}
    assert found(environ, tmp_path)["ci"] == {"provider": "gitlab", "run_url": "u" * 1000, "job": "red\ufffd"}


def test_environment_names_interpreter_runner_and_ourselves(tmp_path):
    assert found({}, tmp_path)["environment"] == {
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "platform": sys.platform,
        "framework": "pytest",
        "framework_version": "9.0.1",
        "trim_telemetry": trim_telemetry.__version__,
    }


# -- git ---------------------------------------------------------------------------------------------------------------

HEADERS = "# branch.oid c0ffee\n# branch.head main\n"


@pytest.mark.parametrize(
    "text, commit, branch, dirty",
    [
        (HEADERS, "c0ffee", "main", False),
        (HEADERS + "# branch.upstream origin/main\n# branch.ab +1 -0\n# stash 2\n", "c0ffee", "main", False),
        (HEADERS + "1 .M N... 100644 100644 100644 1 2 a.py\n", "c0ffee", "main", True),
        (HEADERS + "u UU N... 1 1 1 1 1 2 3 #.py\n", "c0ffee", "main", True),
        ("# branch.oid (initial)\n# branch.head main\n", None, "main", False),
        ("# branch.oid c0ffee\n# branch.head (detached)\n", "c0ffee", None, False),
        ("# branch.oid c0ffee\n# branch.head a b#c\n", "c0ffee", "a b#c", False),
        ("", None, None, False),
    ],
)
def test_status_tells_commit_branch_and_dirt(text, commit, branch, dirty):
    assert parse_git_status(text) == {"commit": commit, "branch": branch, "dirty": dirty}


def test_silence_of_git_is_unknown_not_clean():
    assert parse_git_status(None) == NO_GIT


@pytest.fixture
def git(tmp_path):
    """Runs git in a repository of its own, whatever the user's configuration says."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    names = {f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environ = {**kept, **names, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(tmp_path)}

    def run(*words):
        done = subprocess.run(["git", *words], cwd=tmp_path, env=environ, stdout=-1, stderr=-1, check=True)
        return done.stdout.decode().strip()

    run("init", "-q")
    run("symbolic-ref", "HEAD", "refs/heads/trunk")
    return run


def test_real_repository_is_asked(git, tmp_path):
    (tmp_path / "a.py").write_text("1")
    assert found({}, tmp_path)["git"] == {"commit": None, "branch": "trunk", "dirty": False}
    git("add", "a.py")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "HEAD")
    (tmp_path / "untracked.py").write_text("1")
    assert found({}, tmp_path)["git"] == {"commit": commit, "branch": "trunk", "dirty": False}
    (tmp_path / "a.py").write_text("2")
    assert found({}, tmp_path)["git"] == {"commit": commit, "branch": "trunk", "dirty": True}


def test_checkout_knows_better_than_the_service(git, tmp_path):
    (tmp_path / "a.py").write_text("1")
    git("add", "a.py")
    git("commit", "-qm", "first")
    environ = PROVIDERS["gitlab"][0]
    assert found(environ, tmp_path)["git"] == {"commit": git("rev-parse", "HEAD"), "branch": "trunk", "dirty": False}
    git("checkout", "-q", "--detach")
    assert found(environ, tmp_path)["git"]["branch"] == "main"


def test_repository_is_found_from_a_folder_inside_it(git, tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert found({}, inner)["git"]["branch"] == "trunk"


def test_git_is_asked_once_a_run(git, tmp_path):
    with mock.patch("subprocess.run", wraps=subprocess.run) as asked:
        found({}, tmp_path)
    assert asked.call_count == 1


def test_outside_a_checkout_git_is_not_even_started(tmp_path):
    with mock.patch("subprocess.run", side_effect=AssertionError):
        assert found({}, tmp_path)["git"] == NO_GIT


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("git"),
        PermissionError("git"),
        subprocess.TimeoutExpired("git", 5),
        subprocess.CalledProcessError(128, "git"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_git_that_fails_leaves_unknown(error, tmp_path):
    (tmp_path / ".git").mkdir()
    with mock.patch("subprocess.run", side_effect=error):
        assert found({}, tmp_path)["git"] == NO_GIT


def test_root_of_the_file_system_ends_the_search_for_a_checkout(monkeypatch):
    monkeypatch.setattr(surroundings.os.path, "exists", lambda path: False)
    assert surroundings._in_checkout(os.path.abspath(os.sep)) is False
