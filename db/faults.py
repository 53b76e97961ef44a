"""Whose fault a failed statement is: the database's, which may get well, or the data's, which never will."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

DATA_CLASSES = ("22", "23")  # SQLSTATE: data exception, integrity constraint violation


def is_entrys_fault(error: BaseException) -> bool:
    """Whether this very data is refused, however well the database is."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if state:
            return str(state).startswith(DATA_CLASSES)
        # Without a state the driver itself refused to send it, or it is SQLite, whose classes are exact.
        cause = error.orig.__cause__ if error.orig else None
        return isinstance(error, DataError | IntegrityError) or isinstance(cause, asyncpg.DataError)
    if isinstance(error, StatementError):
        return True  # it could not be made into parameters
    return isinstance(error, TypeError | ValueError | OverflowError)
