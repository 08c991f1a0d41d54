"""The roles, and the groups of them that ask for the same: each group stands here alone."""

from __future__ import annotations

from typing import Final

ROLES: Final = ("complainant", "handler", "supervisor", "auditor", "admin", "system", "host")
# Whoever has an account on the desk, or is the host's operator.
STAFF: Final = ("handler", "supervisor", "auditor", "admin")
# Whoever works on complaints.
HANDLERS: Final = ("handler", "supervisor", "admin")
# Whoever answers for the work of others.
LEADERS: Final = ("supervisor", "admin")
# Whoever answers for the whole: reads its evidence and its reports.
READERS: Final = ("supervisor", "auditor", "admin")
