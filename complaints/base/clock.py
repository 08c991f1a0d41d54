"""Time: aware UTC inside, Beijing time for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

# Fixed +08:00: China keeps one time without daylight saving, and a container may lack tzdata.
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class SystemClock:
    """This machine's own clock, which may be wrong: dates are acted on only as far as the database's clock agrees.

    A clock that a test turns by hand is any other callable, and is believed.
    """

    def __call__(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


utcnow = SystemClock()


def stamp(moment: datetime) -> str:
    """A moment as it stands in leaves and exports: ISO 8601, UTC, microseconds, `Z`."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place here; attach a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_stamp(text: str) -> datetime:
    """The moment that `stamp` wrote; raises ValueError for any other form."""
    # `strptime` reads the same form ten times slower, and an audit reads every moment of the log.
    moment = datetime.fromisoformat(text)
    if stamp(moment) != text:
        raise ValueError(f"not a moment as leaves hold it: {text[:40]!r}")
    return moment


def beijing(moment: datetime) -> datetime:
    """The same moment on a Beijing clock."""
    return moment.astimezone(BEIJING)
