"""Settings of the probe: two databases of the kind that QUERIES_DATABASES names."""

import json
import os

SECRET_KEY = "x"  # noqa: S105  # nobody's
INSTALLED_APPS = ["library"]
ROOT_URLCONF = "library.urls"
ALLOWED_HOSTS = ["*"]
STATIC_URL = "/static/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
MEMORY = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
DATABASES = json.loads(os.environ.get("QUERIES_DATABASES", json.dumps({"default": MEMORY, "other": MEMORY})))
