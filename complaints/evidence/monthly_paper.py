"""The report of a month as a document or a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from complaints.base.translations import gettext as t
from complaints.evidence import monthly_tables as made
from complaints.evidence import monthly_words as words
from complaints.evidence import months, register, workbook
from complaints.evidence.cells import shown
from complaints.evidence.chosen import Chosen
from complaints.evidence.monthly import Monthly, gather, steps
from complaints.evidence.papers import Sheet, moment, sheet
from complaints.ledger.work import Work

# A document lists so many late complaints; the workbook has them all.
LATE = 200
# Characters for a millimetre of a table on paper.
_CHARACTERS = 0.55
_NARROW, _WIDE = 14, 110


def write(work: Work, chosen: Chosen, font: str, progress: Callable[[int], None]) -> bytes:
    """The document in `chosen.form`."""
    return document(work, chosen, font, gather(work, chosen, progress))


def document(work: Work, chosen: Chosen, font: str, found: Monthly) -> bytes:
    """The document of figures that were counted already."""
    name = t(" · ").join((words.title(), months.words(found.span)))
    paper = sheet(work, chosen, name, (name,), font)
    paper.title(words.title(), words.heading(found, work.policy.provider.product))
    paper.text(_recounted(chosen))
    for sentence in words.said(found, lacking=chosen.lacking):
        paper.text(sentence)
    for table in made.tables(work, found):
        if not table.long:
            paper.heading(table.title)
            paper.table(*table.on_paper())
    if not chosen.brief:
        _late(work, found, paper)
    paper.heading(t("How it is counted"))
    for sentence in words.method(
        found, lacking=chosen.lacking, restricted=chosen.restricted and not chosen.brief
    ):
        paper.text(sentence)
    return paper.bytes()


def write_book(
    work: Work,
    chosen: Chosen,
    target: BinaryIO,
    progress: Callable[[int], None],
    *,
    rows: int = workbook.ROWS,
) -> None:
    """The workbook: a sheet for each table, the late complaints, and the register of the month, masked.

    `rows` are the most rows of one sheet.
    """
    found = gather(work, chosen, progress)
    name = t(" · ").join((words.title(), months.words(found.span)))
    book = workbook.Book(target, name, chosen.made)
    told = [
        words.heading(found, work.policy.provider.product),
        _recounted(chosen),
        *words.said(found, lacking=chosen.lacking),
        *words.method(found, lacking=chosen.lacking, restricted=chosen.restricted),
        t("The register shows personal data masked."),
    ]
    book.sheet(t("Summary"), (name,), (_WIDE,), [(line,) for line in told])
    listed = made.late(work, found)
    for table in (*made.tables(work, found), listed):
        more = [(words.unlisted(found),)] if table is listed and found.unlisted else []
        widths = [max(_NARROW, round(width * _CHARACTERS)) for width in table.widths]
        book.sheet(table.title, table.head, widths, [*table.rows, *more])
    behind = steps(work, chosen) - found.now.received

    def batches() -> Iterator[list[Sequence[str]]]:
        nonlocal behind
        for _, page in register.batches(work, chosen, listed=chosen.restricted):
            yield register.table(page, shown)
            behind += len(page)
            progress(behind)

    go_on = t("{first} (continued {n})", first="{first}", n="{n}")
    book.texts(t("Register"), register.COLUMNS, register.WIDTHS, batches(), limit=rows, go_on=go_on)
    book.close()


def _late(work: Work, found: Monthly, paper: Sheet) -> None:
    table = made.late(work, found)
    paper.heading(table.title)
    if table.rows:
        head, rows, widths = table.on_paper()
        paper.table(head, rows[:LATE], widths)
    elif not found.unlisted:
        paper.text(t("No promised date passed unmet."))
    if len(table.rows) > LATE:
        paper.note(
            t("These are {n} of {all}; the workbook (XLSX) has them all.", n=LATE, all=len(table.rows))
        )
    if found.unlisted:
        paper.text(words.unlisted(found))


def _recounted(chosen: Chosen) -> str:
    return t(
        "Recounted from the handling log as it stood at {when}, leaves 0 to {last}.",
        when=moment(chosen.at),
        last=max(chosen.size - 1, 0),
    )
