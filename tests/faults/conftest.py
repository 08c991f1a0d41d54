from __future__ import annotations

from installing import any_office, office

__all__ = ["any_office", "office"]
