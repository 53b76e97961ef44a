"""Memory: customers, agents, queues, calls and the journal.

Theory of operation. `Store` answers questions and keeps records; `Journal` takes every event without ever making a
caller wait: entries are batched behind the call path, go to a local fsynced spool while the database is away, and are
stored once each when it is back (each has its own id). SQLite by default, PostgreSQL by its URL. Times are UTC epoch
seconds.
"""
