"""Audit of what was promised: published policies with their pages, and imported calendars, against their events."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.proof import Finding
from complaints.ledger.reading import Entry, entry
from complaints.ledger.work import Work
from complaints.store.tables import CalendarYear, Event, PolicyVersion

PUBLISHED, IMPORTED = "policy_published", "calendar_imported"


def digest(text: str) -> str:
    """What an event says of a page."""
    return hashlib.sha256(text.encode()).hexdigest()


def calendar_digest(payload: Mapping[str, Any]) -> str:
    """What an event says of a calendar year, whatever the order of its names."""
    return digest(json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def examine(work: Work) -> Iterator[Finding]:
    """Compare both tables with the events that filled them; a row without its event is a finding, too."""
    leaves = work.session.scalars(
        select(Event.leaf)
        .where(Event.stream == SYSTEM_STREAM, Event.type.in_((PUBLISHED, IMPORTED)))
        .order_by(Event.seq)
    )
    policies: dict[Any, Entry] = {}
    years: dict[Any, Entry] = {}
    for leaf in leaves:
        try:
            said = entry(leaf, {})
            if said.type == PUBLISHED:
                policies[said.meta["version"]] = said
            elif said.type == IMPORTED:
                years[said.meta["year"], said.meta["revision"]] = said
        except (AttributeError, KeyError, TypeError, ValueError):
            # The chain's own check tells of a leaf that says nothing an event could say.
            continue
    yield from _policies(work, policies)
    yield from _calendars(work, years)


def _policies(work: Work, left: dict[Any, Entry]) -> Iterator[Finding]:
    for row in work.session.scalars(select(PolicyVersion).order_by(PolicyVersion.version)):
        said, where = left.pop(row.version, None), f"policy/{row.version}"
        if said is None:
            yield Finding("policy-stray", where, "a policy that no event published")
            continue
        now = {
            "policy": (row.digest, hashlib.sha256(row.resolved).hexdigest()),
            "trial": row.trial,
            "forward": row.forward,
            "published_at": row.published_at,
            "published_by": row.published_by,
        }
        then = {
            "policy": (said.meta.get("digest"),) * 2,
            "trial": said.meta.get("trial"),
            "forward": said.meta.get("forward", False),
            "published_at": said.at,
            "published_by": said.ref,
        }
        # Events of earlier releases say nothing of the pages.
        for lang, page in said.meta.get("pages", {}).items():
            now[f"page_{lang}"], then[f"page_{lang}"] = digest(getattr(row, f"page_{lang}", "")), page
        for name in (name for name in now if now[name] != then[name]):
            yield Finding(
                "policy-row", f"{where}/{name}", f"the published policy's {name} is not as it was published"
            )
    for version in sorted(left):
        yield Finding("policy-missing", f"policy/{version}", "a published policy is gone")


def _calendars(work: Work, left: dict[Any, Entry]) -> Iterator[Finding]:
    for row in work.session.scalars(select(CalendarYear).order_by(CalendarYear.year, CalendarYear.revision)):
        said, where = left.pop((row.year, row.revision), None), f"calendar/{row.year}/{row.revision}"
        if said is None:
            yield Finding("calendar-stray", where, "a calendar year that no event imported")
        elif calendar_digest(row.payload) != said.meta.get("digest"):
            yield Finding("calendar-row", where, "the calendar year is not the one that was imported")
    for year, revision in sorted(left):
        yield Finding("calendar-missing", f"calendar/{year}/{revision}", "an imported calendar year is gone")
