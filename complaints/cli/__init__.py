"""`flask complaints …`: set up, look after, publish, export."""

from __future__ import annotations

from complaints.cli.group import group

__all__ = ["group"]
