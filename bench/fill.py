"""A store filled from outside, for the sizes that an import would take too long for: the schema is wscrm's
own, the rows are like those of an import in a random order. Ten million take about a minute.

Everything that the server keeps beside the rows is right afterwards, but that the search index has not come
to them yet: the server's chore does that when it runs."""

import contextlib
import sqlite3

from lab import AGENT, TENANT

FIRST_NAMES = "Wang Li Zhang Liu Chen Maria Jose Ana Joao Carlos Ivan Olga 王 李 张 刘".split()
LAST_NAMES = "Xiaoming Wei Fang Na Min Jing Silva Santos Souza Garcia Petrov 小明 伟 芳 娜 敏".split()
RARE_EACH = 10_000  # customers of the stage "rare": one of so many

# The number of the index-th customer is number_at() of lab.py and number.h.
INSERT = """
INSERT INTO customer (tenant, number, friend_name, email, stage, source, tags, owner, created_ms,
  updated_ms)
WITH RECURSIVE counter (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM counter WHERE i < ?2 - 1)
SELECT ?1, 861000000000 + ((i * 2654435761) & 1073741823),
  (SELECT name FROM first_name WHERE id = i % 16) || ' '
    || (SELECT name FROM last_name WHERE id = i / 16 % 16) || ' ' || (i / 256 % 1000),
  'wang.xiaoming@example.com', CASE WHEN i % ?7 = 0 THEN ?4 ELSE ?3 END, ?5, ?6,
  (SELECT id FROM agent WHERE tenant = ?1 AND user_name = ?8),
  1700000000000 + i, 1700000000000 + i
FROM counter
"""


def add_label(db, kind, name):
    values = (TENANT, kind, name)
    return db.execute("INSERT INTO label (tenant, kind, name) VALUES (?, ?, ?)", values).lastrowid


def fill(data, customers):
    with contextlib.closing(sqlite3.connect(data / "wscrm.db", isolation_level=None)) as db:
        # All of it in memory at once: a cache that is too small reads each page a hundred times.
        db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -3000000;"
            "CREATE TEMP TABLE first_name (id INTEGER PRIMARY KEY, name TEXT);"
            "CREATE TEMP TABLE last_name (id INTEGER PRIMARY KEY, name TEXT);"
        )
        db.executemany("INSERT INTO first_name VALUES (?, ?)", enumerate(FIRST_NAMES))
        db.executemany("INSERT INTO last_name VALUES (?, ?)", enumerate(LAST_NAMES))
        db.execute("BEGIN")
        usual, rare = add_label(db, 0, "negotiating"), add_label(db, 0, "rare")
        source, tags = add_label(db, 1, "spring fair"), f"[{add_label(db, 2, 'vip')}]"
        db.execute(INSERT, (TENANT, customers, usual, rare, source, tags, RARE_EACH, AGENT))
        db.execute("UPDATE tenant SET customers = ? WHERE id = ?", (customers, TENANT))
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = WAL")
