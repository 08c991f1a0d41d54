"""A period as a document: figures recounted from the log, the rules in force, and the register."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from complaints.base.translations import gettext as t
from complaints.cases.marks import mark_words
from complaints.cases.measuring import PROMISES
from complaints.evidence.chosen import Chosen
from complaints.evidence.figures import Figures, replayed
from complaints.evidence.papers import (
    Sheet,
    counted,
    day,
    kept,
    label,
    moment,
    outcome_words,
    promise_words,
    sheet,
    state,
)
from complaints.evidence.register import on_time
from complaints.evidence.replay import promised
from complaints.ledger.work import Work
from complaints.store.tables import PolicyVersion

# A document is made in memory; beyond this many lines the register is a table of its own.
LINES = 1000


def write(
    work: Work, chosen: Chosen, font: str, progress: Callable[[int], None], *, most: int = LINES
) -> bytes:
    """The document in `chosen.form`, with the first `most` lines of the register."""
    figures, done = Figures(work.calendar, chosen.tests == "yes"), 0
    lines: list[tuple[str, ...]] = []
    for each in replayed(work, chosen):
        figures.add(each)
        if len(lines) < most:
            lines.append(_line(work, each.row, promised(each.clocks)))
        done += 1
        progress(done)
    paper = sheet(
        work, chosen, t("Handling of complaints"), (t("Handling of complaints"), _span(chosen)), font
    )
    paper.title(
        t("Handling of complaints"),
        t(" · ").join((work.policy.provider.product or work.origin, _span(chosen))),
    )
    paper.text(
        t(
            "Recounted from the handling log as it stood at {when}, leaves 0 to {last}. Complaints count by the day they came in.",
            when=moment(chosen.at),
            last=max(chosen.size - 1, 0),
        )
    )
    narrowed = _narrowed(work, chosen)
    if narrowed:
        paper.note(t("Only: {filters}", filters=narrowed))
    if chosen.lacking:
        paper.note(
            t(
                "Complaints of restricted types are neither counted nor listed in it: its reader may not see them."
            )
        )
    _figures(work, figures, paper)
    _rules(work, figures, paper)
    paper.heading(t("Register"))
    if not lines:
        paper.text(t("No complaint came in during this period."))
    else:
        paper.table(
            (
                t("Number"),
                t("Came in"),
                t("Type"),
                t("State"),
                t("Taken on in time"),
                t("Answered in time"),
                t("Outcome"),
                t("AI answer"),
            ),
            lines,
            (36, 20, 28, 17, 14, 14, 16, 15),
        )
    if done > len(lines):
        paper.note(
            t(
                "The register has {all} lines; the first {shown} stand here. The whole register is the export “Register”.",
                all=done,
                shown=len(lines),
            )
        )
    return paper.bytes()


def _figures(work: Work, figures: Figures, paper: Sheet) -> None:
    policy = work.policy
    paper.heading(t("Figures"))
    paper.pairs(
        [
            (t("Complaints received"), str(figures.numbers["received"])),
            (t("Taken on"), str(figures.numbers["accepted"])),
            (t("Answered"), str(figures.numbers["answered"])),
            (t("Not taken on"), str(figures.numbers["declined"])),
            (t("Withdrawn"), str(figures.numbers["withdrawn"])),
            (t("Asked for a review"), str(figures.numbers["appeals"])),
            (t("Changed by a review"), str(figures.numbers["changed"])),
            *([] if figures.of_tests else [(t("Test cases, not counted above"), str(figures.tests))]),
        ]
    )
    named = promise_words()
    rows = []
    for kind in PROMISES:
        good, bad, _ = figures.promises.get(kind, (0, 0, 0))
        if good + bad:
            rows.append((named[kind], str(good), str(bad), f"{100 * good / (good + bad):.1f} %"))
    if rows:
        paper.heading(t("Dates promised and kept"), 2)
        paper.table((t("What for"), t("Kept"), t("Missed"), t("In time")), rows, (70, 30, 30, 30))
    outcomes = outcome_words(policy, figures.outcomes)
    _counted(paper, t("By type"), {key: label(policy.types, key) for key in figures.types}, figures.types)
    _counted(paper, t("By state"), {key: state(key) for key in figures.states}, figures.states)
    _counted(paper, t("By outcome"), outcomes, figures.outcomes)


def _counted(paper: Sheet, title: str, words: Mapping[str, str], counts: Mapping[str, int]) -> None:
    if counts:
        paper.heading(title, 2)
        rows = [(words[key], str(n)) for key, n in counted(counts)]
        paper.table((title, t("Number of complaints")), rows, (120, 40))


def _rules(work: Work, figures: Figures, paper: Sheet) -> None:
    rows = work.session.execute(
        select(
            PolicyVersion.version, PolicyVersion.digest, PolicyVersion.published_at, PolicyVersion.trial
        ).order_by(PolicyVersion.version)
    ).all()
    work.session.rollback()
    paper.heading(t("Rules in force"))
    paper.text(t("Each complaint is held to the version it was filed under."))
    if not rows:
        paper.text(t("No version was published yet."))
        return
    paper.table(
        (t("Version"), t("Published"), t("Complaints under it"), "SHA-256"),
        [
            (
                f"{row.version}{t(' · ')}{t('Trial run')}" if row.trial else str(row.version),
                moment(row.published_at),
                str(figures.versions.get(row.version, 0)),
                row.digest,
            )
            for row in rows
        ],
        (24, 36, 22, 78),
    )


def _line(work: Work, row: Mapping[str, Any], clocks: Mapping[str, str]) -> tuple[str, ...]:
    policy = work.policy_of(row["policy_version"])
    number = f"{row['number']}{t(' · ')}{t('Test')}" if row["is_test"] else row["number"]
    outcome = (row.get("outcome") or "declined") if row.get("released_at") else None
    said = t("Not taken on") if outcome == "declined" else label(policy.outcomes, outcome)
    return (
        number,
        day(row["filed_at"]),
        label(policy.types, row["type"]),
        state(row["state"]),
        kept(on_time(clocks.get("accept"))),
        kept(on_time(clocks.get("result"))),
        said,
        mark_words(row["answer_mark"]),
    )


def _span(chosen: Chosen) -> str:
    first = day(chosen.since) if chosen.since else t("the beginning")
    last = day(chosen.until - timedelta(microseconds=1)) if chosen.until else day(chosen.at)
    return t("{first} to {last}", first=first, last=last)


def _narrowed(work: Work, chosen: Chosen) -> str:
    tests = {"yes": t("Test cases only"), "no": t("Without test cases")}
    parts = [
        label(work.policy.types, chosen.type) if chosen.type else "",
        state(chosen.state) if chosen.state else "",
        chosen.product,
        tests.get(chosen.tests, ""),
    ]
    return t(" · ").join(part for part in parts if part)
