DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
    "other": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
}
INSTALLED_APPS = ["shelf"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
SECRET_KEY = "not one"
USE_TZ = True
