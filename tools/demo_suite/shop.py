"""A small shop over SQLite: what the demo's tests test."""

import sqlite3
from typing import Dict

_SCHEMA = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer, cents INTEGER NOT NULL);
"""


class Shop:
    """Customers and what they bought, in a database of its own."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def add(self, name: str, *cents: int) -> int:
        """Add a customer and purchases of so many cents each; return the customer's number."""
        customer = self._database.execute("INSERT INTO customer (name) VALUES (?)", (name,)).lastrowid
        rows = [(customer, amount) for amount in cents]
        self._database.executemany("INSERT INTO purchase (customer, cents) VALUES (?, ?)", rows)
        assert customer is not None
        return customer

    def spent(self, customer: int) -> int:
        """Return the cents that a customer spent."""
        found = self._database.execute("SELECT SUM(cents) FROM purchase WHERE customer = ?", (customer,)).fetchone()
        return int(found[0] or 0)

    def spent_by_all(self) -> Dict[str, int]:
        """Return {name: cents}. One query for the customers and one for each of them: the N+1 of the demo."""
        customers = self._database.execute("SELECT id, name FROM customer ORDER BY id").fetchall()
        return {name: self.spent(number) for number, name in customers}

    def report(self, upto: int) -> int:
        """Count up to a number in SQL: the slow query of the demo."""
        counting = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT COUNT(*) FROM n"
        return int(self._database.execute(counting, (upto,)).fetchone()[0])
