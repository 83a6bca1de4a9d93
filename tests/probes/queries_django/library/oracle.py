"""Counts a test's statements without us: Django's debug log, from every connection and thread.

Before Django 4.2 it does not tell of COMMIT, ROLLBACK and BEGIN: then those are left out of the comparison.
"""

import logging
import os

import django
from django.db.backends.signals import connection_created

IS_ON = "QUERIES_ORACLE" in os.environ
KNOWS_TRANSACTIONS = django.VERSION >= (4, 2)
CONNECTING = ("SET SESSION TRANSACTION ISOLATION LEVEL", "SET SQL_AUTO_IS_NULL")  # MySQL's


class Log(logging.Handler):
    """Keeps what was logged since clear()."""

    def __init__(self):
        super().__init__()
        self.statements = []

    def emit(self, record):
        sql = str(record.args[1] if len(record.args) > 1 else record.sql)
        if not sql.startswith(CONNECTING):
            self.statements.append(sql)


log = Log()


def _debug(connection, **kwargs):
    connection.force_debug_cursor = True


def start():
    """From now on every connection logs."""
    logger = logging.getLogger("django.db.backends")
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    connection_created.connect(_debug)
