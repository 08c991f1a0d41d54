"""The declarative base: own metadata, named constraints, every table below `complaints_`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, MetaData
from sqlalchemy.orm import DeclarativeBase

from complaints.store.types import Bytes, UtcDateTime

PREFIX = "complaints_"


class Base(DeclarativeBase):
    """Base of our tables; no foreign key ever leaves it for a host's table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, bytes: Bytes, dict[str, Any]: JSON, list[Any]: JSON}
    # utf8mb4 on MySQL: emoji and rare characters must survive whatever the database's default is.
    __table_args__: Any = {
        "mysql_engine": "InnoDB",
        "mysql_charset": "utf8mb4",
        "mariadb_engine": "InnoDB",
        "mariadb_charset": "utf8mb4",
    }


def include_name(name: str | None, type_: str, parent_names: Mapping[str, Any]) -> bool:
    """For a host's Alembic: leave our tables alone, so that autogenerate never proposes to drop them.

    Pass it as `Migrate(app, db, include_name=complaints.include_name)`.
    """
    del parent_names
    return type_ != "table" or not (name or "").startswith(PREFIX)
