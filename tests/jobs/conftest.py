from __future__ import annotations

from installing import any_office, office
from ticking import signing

__all__ = ["any_office", "office", "signing"]
