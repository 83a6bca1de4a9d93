"""Which hosts a project's own settings name as its services: databases, caches, brokers, mail.

In a container the database is another host. A guard that cuts it off is useless, so these are allowed by themselves.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, NamedTuple, Tuple

# Of URLs: what stands before "://", or before the "+" of an SQLAlchemy driver.
_SCHEMES = """
    amqp amqps bolt cassandra clickhouse cockroachdb couchdb db2 influxdb kafka mariadb memcache memcached mongodb mssql
    mysql mysql2 mysqlgis nats neo4j oracle oraclegis pgsql postgis postgres postgresql psql pyamqp pymemcache
    rediscache redis rediss sentinel smtp smtps submission timescale valkey valkeys
"""
_SERVICES = frozenset(_SCHEMES.split())
_BROKERS = ("CELERY_BROKER_URL", "BROKER_URL", "CELERY_RESULT_BACKEND", "RESULT_BACKEND")
_DEPTH = 6  # of settings within settings


class Service(NamedTuple):
    """A host that a setting names. entry: as an allow-list has it; source: where it stands."""

    entry: str
    source: str


def of_environment(environ: Mapping[str, str]) -> List[Service]:
    """Return what DATABASE_URL, REDIS_URL and kin name: any variable whose value is the URL of a service."""
    return [Service(entry, name) for name, value in environ.items() for entry in _in_url(value)]


def of_django(settings: Any) -> List[Service]:
    """Return what DATABASES, CACHES, e-mail and broker settings name. settings: Django's, configured."""
    found: List[Service] = []
    for alias, database in _items(getattr(settings, "DATABASES", None)):
        found += [Service(entry, f"DATABASES[{alias!r}]") for entry in _of_database(database)]
    for name in ("CACHES", "CHANNEL_LAYERS"):
        for alias, value in _items(getattr(settings, name, None)):
            found += [Service(entry, f"{name}[{alias!r}]") for entry in _in_value(value, 0)]
    entry = _joined(getattr(settings, "EMAIL_HOST", None), getattr(settings, "EMAIL_PORT", None))
    found += [Service(entry, "EMAIL_HOST")] if entry else []
    for name in _BROKERS:
        found += [Service(entry, name) for entry in _in_value(getattr(settings, name, None), 0)]
    return found


def _items(value: Any) -> List[Tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _of_database(database: Any) -> Iterator[str]:
    if isinstance(database, Mapping):
        options = database.get("OPTIONS")
        for place in (database, options if isinstance(options, Mapping) else {}):
            entry = _joined(place.get("HOST") or place.get("host"), place.get("PORT") or place.get("port"))
            if entry:
                yield entry


def _in_value(value: Any, depth: int) -> Iterator[str]:
    """Yield the hosts in a setting: URLs, "host:port", (host, port), alone or within lists and dicts."""
    if depth > _DEPTH:
        return
    if isinstance(value, str):
        for part in value.split(";") if "://" in value else value.replace(",", " ").replace(";", " ").split():
            yield from (_in_url(part) if "://" in part else _in_pair(part))
    elif isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int:
        entry = _joined(*value)
        if entry:
            yield entry
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from _in_value(item, depth + 1)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if str(key).lower() in ("location", "hosts", "address", "host", "sentinels", "config", "options"):
                yield from _in_value(item, depth + 1)


def _in_pair(text: str) -> Iterator[str]:
    """host:port, as memcached's locations are: a cache's table or folder has no port."""
    host, _, port = text.rpartition(":")
    entry = _joined(host.strip("[]"), port) if port.isdigit() else ""
    if entry:
        yield entry


def _in_url(text: str) -> Iterator[str]:
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.partition("+")[0].lower() not in _SERVICES:
        return
    place = rest
    for end in "/?#":
        place = place.partition(end)[0]
    for pair in place.rpartition("@")[2].split(","):  # several, as MongoDB and libpq have them
        host, port = pair, ""
        if pair.startswith("["):
            host, _, port = pair[1:].partition("]")
        elif ":" in pair:
            host, _, port = pair.partition(":")
        entry = _joined(host, port.lstrip(":"))
        if entry:
            yield entry


def _joined(host: Any, port: Any) -> str:
    """Return an entry of an allow-list; "" for what can be none: a socket's path, a name that no host has."""
    from .allow_list import AllowList

    host, port = str(host or ""), str(port or "")
    if ":" in host:
        host = f"[{host}]"
    entry = f"{host}:{port}" if port.isdigit() and 0 < int(port) < 65536 else host
    try:
        AllowList([entry])
    except ValueError:
        return ""
    return "" if "*" in entry or entry == "private" or "/" in entry else entry
