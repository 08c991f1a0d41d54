from __future__ import annotations

from factories import desk

__all__ = ["desk"]
