from __future__ import annotations

from factories import desk
from installing import any_office, office

__all__ = ["any_office", "desk", "office"]
