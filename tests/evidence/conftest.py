from __future__ import annotations

from cases.conftest import promise
from factories import desk
from keyed import house

__all__ = ["desk", "house", "promise"]
