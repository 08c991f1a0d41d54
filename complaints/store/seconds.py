"""A moment as whole seconds since 1970 in UTC, reckoned by the database: far cheaper to read than a moment."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Seconds(FunctionElement[int]):
    """The whole seconds of one moment, what is beyond them cut off; NULL of NULL. For moments from 1970 on."""

    type = BigInteger()
    inherit_cache = True


@compiles(Seconds)
def _standard(element: Seconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(FLOOR(EXTRACT(EPOCH FROM {_moment(element, compiler, options)})) AS BIGINT)"


@compiles(Seconds, "sqlite")
def _sqlite(element: Seconds, compiler: SQLCompiler, **options: Any) -> str:
    # It rounds what is beyond a millisecond, which would carry the last of a second into the next.
    return f"CAST(strftime('%s', substr({_moment(element, compiler, options)}, 1, 19)) AS INTEGER)"


@compiles(Seconds, "mysql")
@compiles(Seconds, "mariadb")
def _mysql(element: Seconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"TIMESTAMPDIFF(SECOND, '1970-01-01', {_moment(element, compiler, options)})"


def _moment(element: Seconds, compiler: SQLCompiler, options: dict[str, Any]) -> str:
    return compiler.process(element.clauses, **options)
