"""What every export shares: the event that records it, and its rows as bytes in bounded memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from tempfile import TemporaryFile
from typing import BinaryIO

from complaints.administration.installation import Installation
from complaints.base.translations import gettext as t
from complaints.base.translations import speaking
from complaints.evidence import case_paper, handling_log, monthly_paper, period_paper, register, workbook
from complaints.evidence.cells import guarded, shown
from complaints.evidence.chosen import MONTHLY, Chosen, check
from complaints.ledger.journal import record_system
from complaints.ledger.sequencer import head, sequence
from complaints.ledger.work import Actor, Work

BOM = "\ufeff".encode()
SOURCES = {"log": handling_log, "register": register}
_BLOCK = 256 * 1024
Progress = Callable[[int], None]


def record_export(work: Work, actor: Actor, chosen: Chosen, job: str = "") -> None:
    """Record an export in the system stream, before anything leaves: what was asked for, and by whom."""
    meta = chosen.plain()
    record_system(work, "exported", actor, {**meta, "job": job} if job else meta)


def settle(found: Installation, chosen: Chosen) -> Chosen:
    """The order with its end: what the tree of the log holds now. Commits the sequencer's batches."""
    sequence(found.database)
    with found.reading() as work:
        return replace(chosen, size=head(work.session).size, at=work.now)


def order(found: Installation, actor: Actor, chosen: Chosen) -> Chosen:
    """Check an order, record it, and return it with its end; commits. Raises InputError."""
    timed = replace(chosen, at=found.now())

    def write(work: Work) -> None:
        check(work, timed)
        record_export(work, actor, timed)

    found.write(write)
    return settle(found, timed)


def in_lines(chosen: Chosen) -> bool:
    """Whether it is written line by line, so that it can go on after an interruption."""
    return chosen.form in {"jsonl", "csv"}


def lines(work: Work, chosen: Chosen, after: int | None = None) -> Iterator[tuple[int, int, bytes]]:
    """JSON Lines or CSV in batches: the place to go on from, how many rows, their bytes.

    `after` is the place of an earlier batch; without it the file begins, for CSV with a byte order mark
    and the header row. Memory does not grow with the rows.
    """
    source = SOURCES[chosen.kind]
    begin = {} if after is None else {"after": after}
    if after is None and chosen.form == "csv":
        yield -1, 0, BOM + (",".join(source.COLUMNS) + "\r\n").encode()
    for place, rows in source.batches(work, chosen, **begin):
        if chosen.form == "jsonl":
            yield place, len(rows), source.jsonl(rows)
        else:
            buffer = io.StringIO(newline="")
            csv.writer(buffer).writerows(source.table(rows, guarded))
            yield place, len(rows), buffer.getvalue().encode()


def whole(
    work: Work, chosen: Chosen, target: BinaryIO, font: str, progress: Progress, *, rows: int = workbook.ROWS
) -> None:
    """Write a workbook or a document to `target`; `progress` is told how many rows are behind it.

    `font` is COMPLAINTS_DOCUMENT_FONT, `rows` the most rows of one sheet. Raises ConfigError when a library or
    a font is missing.
    """
    with speaking(chosen.lang):
        if chosen.form != "xlsx":
            papers = {"case": case_paper, "period": period_paper, MONTHLY: monthly_paper}
            target.write(papers[chosen.kind].write(work, chosen, font, progress))
            return
        if chosen.kind == MONTHLY:
            monthly_paper.write_book(work, chosen, target, progress, rows=rows)
            return
        source = SOURCES[chosen.kind]
        done = 0

        def tables() -> Iterator[list[list[str]]]:
            nonlocal done
            for _, batch in source.batches(work, chosen):
                yield source.table(batch, shown)
                done += len(batch)
                progress(done)

        workbook.write(
            target,
            t("Register") if chosen.kind == "register" else t("Handling log"),
            source.COLUMNS,
            source.WIDTHS,
            tables(),
            made=chosen.made,
            limit=rows,
            go_on=t("{first} (continued {n})", first="{first}", n="{n}"),
        )


def stream(
    work: Work, chosen: Chosen, font: str = "", progress: Progress = lambda _: None
) -> Iterator[bytes]:
    """The whole file from its beginning, in blocks; `progress` as in `whole`."""
    if in_lines(chosen):
        done = 0
        for _, rows, data in lines(work, chosen):
            yield data
            done += rows
            progress(done)
        return
    with TemporaryFile() as file:
        whole(work, chosen, file, font, progress)
        file.seek(0)
        while block := file.read(_BLOCK):
            yield block
