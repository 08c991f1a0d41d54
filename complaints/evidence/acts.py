"""The part of a complaint's document on what was done: measures with their ends, and what the model's vendor was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from complaints.base.translations import gettext as t
from complaints.cases import reports
from complaints.evidence.papers import Sheet, label, moment, who
from complaints.ledger.forwards import forwards
from complaints.ledger.measures import Measure, measures
from complaints.ledger.reading import Entry
from complaints.policy.profile import Policy

Mask = Callable[[str], str]


def write(paper: Sheet, policy: Policy, entries: Sequence[Entry], mask: Mask) -> None:
    """Both tables, each where there is something to say; texts go through `mask`."""
    by_seq = {entry.seq: entry for entry in entries}
    immediate = [key for key, each in policy.actions.items() if each.immediate]
    found = measures(entries, immediate)
    if found:
        _measures(paper, policy, found, by_seq, mask)
    _vendor(paper, entries, mask)


def _measures(
    paper: Sheet, policy: Policy, found: Sequence[Measure], by_seq: Mapping[int, Entry], mask: Mask
) -> None:
    paper.heading(t("Measures"))
    paper.table(
        (t("Measure"), t("Done to what"), t("When"), t("Who"), t("What became of it")),
        [
            (
                label(policy.actions, row.action),
                mask(_target(row, by_seq)) or "—",
                moment(row.ordered_at),
                who(by_seq[row.seq]),
                _end(row),
            )
            for row in found
        ],
        (34, 34, 36, 26, 30),
    )
    for row in found:
        name = label(policy.actions, row.action) + t(": ")
        ordered = by_seq[row.seq]
        report = reports.shown(
            policy, ordered.meta["actions"][row.position], ordered.data(f"report:{row.position}")
        )
        if report:
            parts = [report["authority"], report["channel"], mask(report["number"]), moment(report["at"])]
            paper.text(name + t(" · ").join(filter(None, parts)))
    for entry in by_seq.values():
        if entry.type == "retested":
            paper.text(label(policy.actions, entry.meta["action"]) + t(": ") + _retest(entry, mask))


def _retest(entry: Entry, mask: Mask) -> str:
    kept = entry.data("retest")
    result = t("passed") if entry.meta["result"] == "passed" else t("failed")
    parts = [t("Retest of {day}: {said}", day=entry.meta["on"], said=result)]
    parts += [mask(kept.get("reference", "")), mask(kept.get("note", ""))]
    return t(" · ").join(filter(None, parts))


def _vendor(paper: Sheet, entries: Sequence[Entry], mask: Mask) -> None:
    found = forwards(entries)
    if not found:
        return
    states = {
        "queued": t("About to go out"),
        "sent": t("Waits for their answer"),
        "answered": t("Vendor answered"),
        "failed": t("Could not be delivered"),
    }
    paper.heading(t("Passed on to the model's vendor"))
    paper.table(
        (t("The model's vendor"), t("Model"), t("When"), t("Their number"), t("State")),
        [
            (
                row.to,
                row.model,
                moment(row.sent_at or row.ordered_at),
                mask(row.number) or "—",
                states[row.state],
            )
            for row in found
        ],
        (42, 34, 36, 26, 22),
    )
    for row in found:
        for answer in row.answers:
            paper.heading(t(" · ").join((row.to, moment(answer.at))), 2)
            paper.note(mask(answer.text("vendor_answer")) or t("(deleted)"))


def _target(row: Measure, by_seq: Mapping[int, Entry]) -> str:
    return by_seq[row.seq].text(f"action:{row.position}").partition("\n")[0]


def _end(row: Measure) -> str:
    said = {"done": t("Done"), "failed": t("Failed"), "taken_back": t("Taken back")}.get(
        row.state, t("Under way")
    )
    retest = {
        "wanted": t("Retest owed"),
        "failed": t("Retest failed"),
        "passed": t("Retest passed"),
    }.get(row.retest or "", "")
    when = moment(row.acted_at) if row.acted_at else ""
    return t(" · ").join(filter(None, (said, when, retest)))
