"""As packages have it: settings in the script, a runner asked for by hand."""

import sys

import django
from django.conf import settings

if __name__ == "__main__":
    settings.configure(
        DATABASES={
            alias: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"} for alias in ("default", "other")
        },
        INSTALLED_APPS=["shelf"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        SECRET_KEY="not one",
        USE_TZ=True,
    )
    django.setup()
    from django.test.runner import DiscoverRunner

    first = DiscoverRunner(verbosity=1).run_tests(["shelf.test_database"])
    second = DiscoverRunner(verbosity=1).run_tests(sys.argv[1:] or ["shelf.test_verdicts.Skips"])
    sys.exit(bool(first or second))
