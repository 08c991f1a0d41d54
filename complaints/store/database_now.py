"""The database's own time, to hold a worker's clock against."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from complaints.store.types import UtcDateTime


class DatabaseNow(FunctionElement[datetime]):
    """The present moment by the database's clock, whatever time zone its session is in."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(DatabaseNow)
def _standard(element: DatabaseNow, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return "clock_timestamp()"


@compiles(DatabaseNow, "sqlite")
def _sqlite(element: DatabaseNow, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


@compiles(DatabaseNow, "mysql")
@compiles(DatabaseNow, "mariadb")
def _mysql(element: DatabaseNow, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return "UTC_TIMESTAMP(6)"
