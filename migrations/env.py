"""Alembic's environment: one connection handed in, own version table, only our tables."""

from __future__ import annotations

from typing import Any

from alembic import context

from complaints.store.tables import FTS, Base
from complaints.store.types import Bytes, LongText, RowId, UtcDateTime


def render_item(type_: str, item: Any, autogen_context: Any) -> str | bool:
    """Write column types without importing them: shipped migrations must not change with our code."""
    del autogen_context
    if type_ != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "MOMENT"
    for known, name in ((Bytes, "BYTES"), (LongText, "LONG_TEXT"), (RowId, "ROW_ID")):
        if item is known:
            return name
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table="complaints_alembic_version",
    compare_type=True,
    render_item=render_item,
    include_name=lambda name, type_, _: (
        type_ != "table" or ((name or "").startswith("complaints_") and not (name or "").startswith(FTS))
    ),
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
