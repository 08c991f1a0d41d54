"""What an audit found, in words: what is wrong, where, and since which checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from complaints.base.translations import gettext as t
from complaints.cases.people import Operator
from complaints.ledger.work import Work
from complaints.store.tables import Checkpoint, Complaint
from complaints.web.admin import words

# These are about the log itself; all others about what stands beside it and is held against it.
_LOG = ("leaf-", "place-", "checkpoint-", "signer-")
_IN_LOG = frozenset({"sequence", "chain", "tree"})
# Where the sentence of the code leaves out a value that helps.
_VALUES = frozenset(
    {
        "complaint-row",
        "pause-time",
        "replay",
        "replay-clock",
        "leaf-version",
        "operator-row",
        "team-row",
        "api-key-row",
        "webhook-row",
    }
)


def told(work: Work, found: Sequence[Mapping[str, Any]], viewer: Operator) -> list[dict[str, Any]]:
    """Each finding for the page; a number only where its reader may know it."""
    streams = {each["where"].partition("/")[0] for each in found}
    rows = work.session.execute(
        select(Complaint.uid, Complaint.number, Complaint.restricted).where(Complaint.uid.in_(streams))
    )
    numbers = {row.uid: row.number for row in rows if viewer.restricted or not row.restricted}
    known = sentences()
    return [
        {
            "code": each["code"],
            "what": known.get(each["code"], each["text"]),
            "number": numbers.get(each["where"].partition("/")[0], ""),
            "place": _place(each["where"]),
            "where": each["where"],
            "since": _since(work, each),
            "detail": each["text"] if each["code"] in _VALUES else "",
        }
        for each in found
    ]


def checkpoint_words(work: Work, size: int | None) -> str:
    """A checkpoint by its size and time; empty without one."""
    if size is None:
        return ""
    at = work.session.scalar(select(Checkpoint.at).where(Checkpoint.size == size))
    when = words.moment(at, work.now) if at else t("time unknown")
    return t("{n} events, {when}", n=size, when=when)


def _since(work: Work, each: Mapping[str, Any]) -> str:
    said = checkpoint_words(work, each.get("after"))
    if not said:
        return t("No checkpoint says since when.")
    code = each["code"]
    if code.startswith(_LOG) or code in _IN_LOG:
        return t(
            "Up to the checkpoint of {checkpoint} the log agrees with what was signed; it came after that.",
            checkpoint=said,
        )
    return t(
        "The log agrees with the checkpoint of {checkpoint}; the fault lies beside the log, or is newer.",
        checkpoint=said,
    )


def _place(where: str) -> str:
    """Where, as far as people can say it; the exact place stands beside it."""
    first, *rest = where.split("/")
    value = rest[0] if rest else ""
    whole = {
        "leaf": t("Event {n} of the whole log", n=value),
        "checkpoint": t("The checkpoint of {n} events", n=value),
        "size": t("The tree of {n} events", n=value),
        "policy": t("Version {n} of the policy", n=value),
        "calendar": t("The calendar of {year}", year=value),
        "signer": t("What this host remembers of its last signature"),
    }
    if first in whole:
        return whole[first]
    first_words = t("The installation's own events") if first == "system" else ""
    if rest and rest[0].isdigit():
        event = t("event {n}", n=rest[0])
        return t("{first}, {second}", first=first_words, second=event) if first_words else event
    if rest and rest[0] == "file":
        return t("an attachment")
    return first_words


def sentences() -> dict[str, str]:
    """What each code means."""
    return {
        "leaf-unreadable": t("An event cannot be read."),
        "leaf-form": t("An event does not have the fields an event has."),
        "leaf-version": t("An event is of a version that does not exist."),
        "leaf-content": t("An event says what no event could say."),
        "sequence": t("An event is missing, or stands in the wrong place."),
        "chain": t("The event before this one was changed, dropped or replaced."),
        "head": t("Events at the end of a chain are missing, or its end was changed."),
        "event-row": t("The row of an event says something else than the event itself."),
        "event-time": t("The time in the row of an event is not the one in the event."),
        "event-stray": t("There are events that belong to no chain."),
        "stream-missing": t("A complaint has no chain of events."),
        "complaint-missing": t("The log knows a complaint that is gone from the table."),
        "complaint-row": t("A value of a complaint is not the one its events make up."),
        "replay": t("An event changes a value from something it never was."),
        "replay-clock": t("An event changes a date that was never set."),
        "pause-row": t("The pause of a complaint is not the one its events add up to."),
        "pause-time": t("A pause begins at a moment at which no event began one."),
        "milestone-row": t("A date is not as the log says."),
        "milestone-stray": t("There is a date that no event speaks of."),
        "milestone-missing": t("A date that an event set is gone."),
        "milestone-pause": t("A date runs during a pause, or stands still outside one."),
        "milestone-orphan": t("There are dates without a complaint."),
        "replay-act": t("An event speaks of a measure or a hand-over that never was."),
        "disposal-row": t("A measure is not the one that was ordered."),
        "disposal-orphan": t("There are measures without a complaint."),
        "forward-row": t("What was passed on to a vendor is not what the log says."),
        "forward-orphan": t("There are hand-overs to a vendor without a complaint."),
        "link-row": t("What is linked with a complaint is not what the log says."),
        "link-orphan": t("There are links of complaints that are not there."),
        "team-row": t("A team, its name or its end are not as the log says."),
        "operator-row": t("An operator's account, its roles or its end are not as the log says."),
        "api-key-row": t("A key of the JSON interface, what it may do or its end are not as the log says."),
        "webhook-row": t("A webhook, its host, its events or its pause are not as the log says."),
        "policy-row": t("A published policy or its page is not as it was published."),
        "policy-stray": t("There is a policy that no event published."),
        "policy-missing": t("A published policy is gone."),
        "calendar-row": t("A calendar year is not the one that was imported."),
        "calendar-stray": t("There is a calendar year that no event imported."),
        "calendar-missing": t("An imported calendar year is gone."),
        "private-missing": t("Personal data is gone without an erasure in the log."),
        "private-stray": t("There is personal data that no event speaks of."),
        "private-kept": t("Personal data was erased by the log and is still there."),
        "private-person": t("Personal data is filed under somebody else than the log says."),
        "private-unreadable": t("Personal data cannot be opened: it was changed or moved."),
        "private-changed": t("Personal data is not what the event committed to."),
        "key-missing": t("The key of a person is gone without an erasure in the log."),
        "key-kept": t("A person was erased and their key is still there."),
        "key-unreadable": t("The key of a person cannot be opened: it was changed, or is another's."),
        "key-stray": t("There are keys that belong to no chain."),
        "file-missing": t("An attachment is gone without an erasure in the log."),
        "file-stray": t("There is an attachment that no event speaks of."),
        "file-row": t("Size or type of an attachment is not as the log says."),
        "file-kept": t("An attachment was erased by the log and is still there."),
        "file-changed": t("The stored file is missing, or is not the one that was filed."),
        "place-missing": t("An event is gone from the tree."),
        "place-changed": t("This is not the event that was put here."),
        "tree": t("The events do not make up the tree that is kept."),
        "checkpoint-note": t(
            "A signed checkpoint does not hold: it is damaged, of another tree, or by another key."
        ),
        "checkpoint-root": t("The log does not lead to what was signed: it was changed."),
        "checkpoint-beyond": t("More events were signed than there are: the end is missing."),
        "checkpoint-stamp": t("The time stamp of a checkpoint is gone, or does not hold."),
        "signer-smaller": t(
            "The log is shorter than what this host signed: an older backup was restored, or its end was deleted."
        ),
        "signer-fork": t("The log is not the one this host signed."),
        "trigger-missing": t(
            "The database does not keep events from being changed: run `flask complaints init`."
        ),
        "trigger-altered": t(
            "A trigger that keeps events from being changed was altered or switched off: drop it, then run `flask complaints init`."
        ),
    }
