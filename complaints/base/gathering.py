"""When operators' notices leave: gathered to one message in so many minutes, and never in the quiet hours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from complaints.base.clock import beijing
from complaints.base.errors import ConfigError

MOST_MINUTES = 1440
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Gathering:
    """`minutes` between two digests (0: none is waited for); `quiet` from and to, Beijing time, or None."""

    minutes: int = 0
    quiet: tuple[time, time] | None = None

    @classmethod
    def of(cls, minutes: int, quiet_hours: str) -> Gathering:
        """From the settings DIGEST_MINUTES and QUIET_HOURS; raises ConfigError."""
        if not 0 <= minutes <= MOST_MINUTES:
            raise ConfigError(
                f"COMPLAINTS_DIGEST_MINUTES must be 0 to {MOST_MINUTES}; 0 sends each notice at once"
            )
        if not quiet_hours.strip():
            return cls(minutes)
        found = _SPAN.fullmatch(re.sub(r"\s", "", quiet_hours))
        if found is None:
            raise ConfigError(
                'COMPLAINTS_QUIET_HOURS must be two times of day in Beijing, such as "22:00-08:00"; empty: none'
            )
        begins, ends = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        if begins == ends:
            raise ConfigError(
                "COMPLAINTS_QUIET_HOURS begins and ends at the same time, so nobody would ever be told; leave it empty for none"
            )
        return cls(minutes, (begins, ends))

    def leaves(self, now: datetime, *, at_once: bool = False, awake: bool = False) -> datetime:
        """When a notice made at the aware moment `now` leaves.

        `at_once` does not wait for the digest; `awake` heeds no quiet hours either.
        """
        moment = now if at_once or not self.minutes else self._boundary(now)
        return moment if awake else self._after_quiet(moment)

    def _boundary(self, now: datetime) -> datetime:
        # Counted from a fixed moment, so that every worker finds the same one.
        span = timedelta(minutes=self.minutes)
        return _EPOCH + -((_EPOCH - now) // span) * span

    def _after_quiet(self, moment: datetime) -> datetime:
        if self.quiet is None:
            return moment
        begins, ends = self.quiet
        local = beijing(moment)
        at = local.time()
        inside = begins <= at < ends if begins < ends else at >= begins or at < ends
        if not inside:
            return moment
        day = local.date() + timedelta(days=1 if at >= ends else 0)
        return datetime.combine(day, ends, local.tzinfo).astimezone(UTC)
