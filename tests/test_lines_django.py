"""What records of Django's tests say of lines: models that are imported before the runner, templates, `--parallel`."""

import sys
import textwrap
from pathlib import Path
from typing import Any, Dict

import pytest

pytest.importorskip("coverage")
pytest.importorskip("django")

from .support import Run, environment, run
from .test_lines import ran

DOORS = {
    "runner": ("manage.py", "test", "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner"),
    "script": ("-m", "trim_telemetry.django_instrumentation", "manage.py", "test"),
}
FILES = {
    "manage.py": """
        import os, sys
        os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
        from django.core.management import execute_from_command_line
        if __name__ == "__main__":
            execute_from_command_line(sys.argv)
    """,
    "settings.py": """
        SECRET_KEY = "x"
        INSTALLED_APPS = ["django.contrib.contenttypes", "shop"]
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        TEMPLATES = [{
            "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"debug": True}
        }]
        DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
        USE_TZ = True
    """,
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models
        class Item(models.Model):
            name = models.CharField(max_length=10)
            def double(self):
                return self.name * 2
            if not name:
                never = True
    """,
    "shop/views.py": """
        from django.template.loader import render_to_string
        def page(flag):
            return render_to_string("page.html", {"flag": flag})
    """,
    "shop/templates/page.html": "<p>\n{% if flag %}\nyes\n{% else %}\nno\n{% endif %}\n</p>\n",
    "shop/tests.py": """
        from django.test import TestCase
        from shop.models import Item
        from shop.views import page
        class A(TestCase):
            @classmethod
            def setUpTestData(cls): Item(name="a").double()
            def test_yes(self): page(True)
            def test_double(self): Item(name="a").double()
        class B(TestCase):
            def test_no(self): page(False)
    """,
}
PYTHON = {
    "test_double": {"shop/models.py": {6}},
    "test_yes": {"shop/views.py": {4}},
    "test_no": {"shop/views.py": {4}},
}


def observed(folder: Path, door: str, *arguments: str) -> Run:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))
    return run(*DOORS[door], *arguments, cwd=folder, env=environment(TRIM_COVERAGE="auto"))


def parted(done: Run, folder: Path) -> "tuple[Dict[str, Any], Dict[str, Any]]":
    """The lines of Python by test and file, and those missing of templates."""
    python, templates = {}, {}
    for result in done.results:
        entries = result["coverage"]["files"]
        python[result["name"]] = ran({"files": [e for e in entries if e["file"].endswith(".py")]}, folder)
        for entry in entries:
            if entry["file"].endswith(".html"):
                templates[result["name"]] = entry["missing_lines"]
    return python, templates


@pytest.mark.parametrize("arguments", [(), ("--parallel", "2")], ids=["one process", "parallel"])
@pytest.mark.parametrize("door", DOORS)
def test_lines_of_tests_and_of_the_whole_run(door: str, arguments: "tuple[str, ...]", tmp_path: Path) -> None:
    if arguments and sys.platform == "win32":
        pytest.skip("Django has no parallel runs there")
    done = observed(tmp_path, door, *arguments)
    assert parted(done, tmp_path) == (PYTHON, {})
    whole = done.summary["coverage"]
    missing = {entry["file"]: entry["missing_lines"] for entry in whole["files"]}
    assert missing["shop/views.py"] == []
    assert missing["shop/models.py"] == [8]
    assert "shop/tests.py" not in missing
    if door == "runner":  # Django has imported the models before it asks for a runner
        assert whole["status"] == "partial"
        assert "imported before the run began" in whole["reason"]
    else:
        assert (whole["status"], whole["reason"]) == ("collected", None)


@pytest.mark.parametrize("arguments", [(), ("--parallel", "2")], ids=["one process", "parallel"])
def test_templates_where_the_project_asks_for_them(arguments: "tuple[str, ...]", tmp_path: Path) -> None:
    pytest.importorskip("django_coverage_plugin")
    (tmp_path / ".coveragerc").write_text("[run]\nplugins = django_coverage_plugin\n")
    done = observed(tmp_path, "script", *arguments)
    assert parted(done, tmp_path) == (PYTHON, {"test_yes": [5], "test_no": [3]})
    assert done.summary["warnings"] == []
