"""What a run stands in: the CI job, the git commit, the interpreter and the runner."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from . import __version__
from .texts import clean

_GIT_TIMEOUT = 5.0  # seconds; a status of a huge work tree is not worth more
_TEXT_LIMIT = 1_000


class Framework(NamedTuple):
    """The runner: "unittest", "pytest" or "django", and its version."""

    name: str
    version: str


class _Provider(NamedTuple):
    """A CI service: the variable that is set only there, and how it names the run, the job, the commit, the branch."""

    name: str
    mark: str
    run_url: Callable[[Mapping[str, str]], Optional[str]]
    job: str
    commit: str
    branches: List[str]


def _variable(name: str) -> Callable[[Mapping[str, str]], Optional[str]]:
    return lambda environ: environ.get(name)


def _joined(pattern: str, *names: str) -> Callable[[Mapping[str, str]], Optional[str]]:
    def join(environ: Mapping[str, str]) -> Optional[str]:
        values = [environ.get(name, "").rstrip("/") for name in names]
        return pattern % tuple(values) if all(values) else None

    return join


_PROVIDERS = (
    _Provider(
        "github",
        "GITHUB_ACTIONS",
        _joined("%s/%s/actions/runs/%s", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"),
        "GITHUB_JOB",
        "GITHUB_SHA",
        ["GITHUB_HEAD_REF", "GITHUB_REF_NAME"],
    ),
    _Provider(
        "gitlab",
        "GITLAB_CI",
        _variable("CI_JOB_URL"),
        "CI_JOB_NAME",
        "CI_COMMIT_SHA",
        ["CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME"],
    ),
    _Provider(
        "jenkins", "JENKINS_URL", _variable("BUILD_URL"), "JOB_NAME", "GIT_COMMIT", ["CHANGE_BRANCH", "GIT_BRANCH"]
    ),
    _Provider("circleci", "CIRCLECI", _variable("CIRCLE_BUILD_URL"), "CIRCLE_JOB", "CIRCLE_SHA1", ["CIRCLE_BRANCH"]),
    _Provider(
        "buildkite",
        "BUILDKITE",
        _variable("BUILDKITE_BUILD_URL"),
        "BUILDKITE_LABEL",
        "BUILDKITE_COMMIT",
        ["BUILDKITE_BRANCH"],
    ),
    _Provider(
        "azure",
        "TF_BUILD",
        _joined("%s/%s/_build/results?buildId=%s", "SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID"),
        "SYSTEM_JOBDISPLAYNAME",
        "BUILD_SOURCEVERSION",
        ["SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"],
    ),
)


def surroundings_of(framework: Framework, environ: Mapping[str, str], root: str) -> Dict[str, Any]:
    """Return `environment`, `ci` and `git` as run_start and the summary show them; null where unknown."""
    provider = next((provider for provider in _PROVIDERS if environ.get(provider.mark)), None)
    return {
        "environment": _environment_of(framework),
        "ci": _ci_of(provider, environ),
        "git": _git_of(provider, environ, root),
    }


def _environment_of(framework: Framework) -> Dict[str, Any]:
    return {
        "python": "%d.%d.%d" % sys.version_info[:3],
        "platform": sys.platform,
        "framework": framework.name,
        "framework_version": framework.version,
        "trim_telemetry": __version__,
    }


def _ci_of(provider: Optional[_Provider], environ: Mapping[str, str]) -> Dict[str, Any]:
    if provider is None:
        return {"provider": None, "run_url": None, "job": None}
    return {
        "provider": provider.name,
        "run_url": _bounded(provider.run_url(environ)),
        "job": _bounded(environ.get(provider.job)),
    }


def _git_of(provider: Optional[_Provider], environ: Mapping[str, str], root: str) -> Dict[str, Any]:
    """Ask git once; what it does not know (no git, no checkout, a detached HEAD) the CI service may."""
    known = parse_git_status(_git_status(root))
    if provider is not None:
        branch = next((environ[name] for name in provider.branches if environ.get(name)), None)
        known["commit"] = known["commit"] or _bounded(environ.get(provider.commit))
        known["branch"] = known["branch"] or (_bounded(branch.replace("refs/heads/", "", 1)) if branch else None)
    return known


def parse_git_status(text: Optional[str]) -> Dict[str, Any]:
    """Read `git status --porcelain=v2 --branch` (git-status(1), Porcelain Format Version 2); None: git said nothing."""
    if text is None:
        return {"commit": None, "branch": None, "dirty": None}
    headers = dict(line[2:].partition(" ")[::2] for line in text.splitlines() if line.startswith("# "))
    commit, branch = headers.get("branch.oid"), headers.get("branch.head")
    return {
        "commit": None if commit == "(initial)" else _bounded(commit),
        "branch": None if branch == "(detached)" else _bounded(branch),
        "dirty": any(not line.startswith("#") for line in text.splitlines() if line),
    }


def _git_status(root: str) -> Optional[str]:
    if not _in_checkout(root):
        return None
    import subprocess

    # No lock: a git command that the user runs at the same time must not fail for our asking.
    command = ["git", "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_GIT_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):  # no git, somebody else's checkout, too slow: unknown
        return None
    return done.stdout.decode("utf-8", "replace")


def _in_checkout(folder: str) -> bool:
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        folder = parent
    return True


def _bounded(text: Optional[str]) -> Optional[str]:
    return clean(text)[:_TEXT_LIMIT] if text else None
