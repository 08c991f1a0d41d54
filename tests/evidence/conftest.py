from __future__ import annotations

from factories import desk
from keyed import house

__all__ = ["desk", "house"]
