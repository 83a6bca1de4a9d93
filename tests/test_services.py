"""Which hosts a project's settings name as its services."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry.services import of_django, of_environment


def named(**variables):
    return [entry for entry, _ in of_environment(variables)]


@pytest.mark.parametrize(
    "value, entries",
    [
        ("postgres://user:pa@ss@db.internal:5432/name?sslmode=require", ["db.internal:5432"]),
        ("postgresql+psycopg2://db/name", ["db"]),
        ("redis://:secret@cache:6379/0", ["cache:6379"]),
        ("rediss://[2001:db8::1]:6380", ["[2001:db8::1]:6380"]),
        ("mongodb://a:27017,b:27018/x", ["a:27017", "b:27018"]),
        ("amqp://guest:guest@broker//", ["broker"]),
        ("mysql://10.0.0.5/shop", ["10.0.0.5"]),
        ("https://api.example.com", []),
        ("sqlite:///db.sqlite3", []),
        ("postgres:///name", []),
        ("postgres://%2Frun%2Fsock/name", []),
        ("redis://*", []),
        ("db:5432", []),
        ("", []),
    ],
)
def test_urls_in_the_environment(value, entries):
    assert named(DATABASE_URL=value) == entries


def test_source_is_the_variable():
    assert of_environment({"REDIS_URL": "redis://cache"}) == [("cache", "REDIS_URL")]


SETTINGS = SimpleNamespace(
    DATABASES={
        "default": {"HOST": "db", "PORT": "5432"},
        "replica": {"HOST": "", "OPTIONS": {"host": "replica", "port": 5433}},
        "local": {"HOST": "/run/postgresql"},
        "file": {"NAME": "x.sqlite3"},
    },
    CACHES={
        "default": {"LOCATION": "redis://:secret@cache:6379/1"},
        "many": {"LOCATION": ["mem1:11211", "mem2:11211"]},
        "one": {"LOCATION": "10.0.0.7:11211"},
        "text": {"LOCATION": "mem3:11211;mem4:11211"},
        "table": {"LOCATION": "cache_table"},
        "folder": {"LOCATION": "/var/tmp/cache"},
        "socket": {"LOCATION": "unix:/tmp/memcached.sock"},
    },
    CHANNEL_LAYERS={"default": {"BACKEND": "x", "CONFIG": {"hosts": [("channels", 6379), "redis://other:6379"]}}},
    EMAIL_HOST="mail",
    EMAIL_PORT=25,
    CELERY_BROKER_URL=["amqp://broker1", "amqp://broker2"],
    API_URL="https://api.example.com",
)


def test_django_settings():
    found = of_django(SETTINGS)
    assert " ".join(entry for entry, _ in found) == (
        "db:5432 replica:5433 cache:6379 mem1:11211 mem2:11211 10.0.0.7:11211 mem3:11211 mem4:11211 "
        "channels:6379 other:6379 mail:25 broker1 broker2"
    )
    assert found[0].source == "DATABASES['default']"
    assert found[-1].source == "CELERY_BROKER_URL"


@pytest.mark.parametrize("value", [None, 5, "x", [], {"default": None}, {"default": {"HOST": 5, "OPTIONS": 3}}])
def test_settings_of_any_shape_are_survived(value):
    names = ("DATABASES", "CACHES", "CHANNEL_LAYERS", "EMAIL_HOST", "CELERY_BROKER_URL")
    of_django(SimpleNamespace(**dict.fromkeys(names, value)))
    of_django(SimpleNamespace())


@given(st.text(max_size=40))
def test_any_text_is_survived(text):
    named(X=text, Y=f"redis://{text}")
    of_django(SimpleNamespace(CACHES={"default": {"LOCATION": text}}, CELERY_BROKER_URL=text))
