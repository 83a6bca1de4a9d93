"""Settings of the probe: two databases of the kind that QUERIES_DATABASES names."""

import json
import os
import sys

SECRET_KEY = "x"  # noqa: S105  # nobody's
INSTALLED_APPS = ["library"]
ROOT_URLCONF = "library.urls"
ALLOWED_HOSTS = ["*"]
STATIC_URL = "/static/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
MEMORY = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
DATABASES = json.loads(os.environ.get("QUERIES_DATABASES", json.dumps({"default": MEMORY, "other": MEMORY})))

if "QUERIES_HIDDEN" in os.environ:  # Django takes psycopg rather than psycopg2, where both are installed
    sys.modules[os.environ["QUERIES_HIDDEN"]] = None

if "QUERIES_BROKEN" in os.environ:
    import broken

    broken.start(os.environ["QUERIES_BROKEN"])

if any(database["ENGINE"].endswith(".mysql") for database in DATABASES.values()):
    try:
        import MySQLdb  # noqa: F401
    except ImportError:
        import pymysql

        pymysql.version_info = (2, 2, 8, "final", 0)  # what Django asks MySQLdb for
        pymysql.install_as_MySQLdb()
