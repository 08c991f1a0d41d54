"""The filing documents: written from the policy in force, with the pictures that a filing asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from complaints.administration.installation import Installation
from complaints.evidence import filing_document, filing_facts, fonts
from complaints.evidence.pictures import Shot, none_taken
from complaints.policy import diagram

DOCUMENT = "投诉举报机制说明.docx"
CHECKLIST = "截图清单.txt"
# Serves an installation's pages: gives a WSGI app for as long as the context lasts.
Stage = Callable[[Installation], AbstractContextManager[Any]]


def write(
    found: Installation, folder: Path, *, screenshots: bool, stage: Stage | None = None
) -> Iterator[str]:
    """Write 投诉举报机制说明.docx, its pictures and 截图清单.txt to `folder`; yields a line per thing done.

    Pictures are taken of a temporary installation with the same policy, served by `stage`; the real database
    gets nothing. Raises ConfigError when python-docx, Pillow or a Chinese font is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts = filing_facts.gather(found)
    drawing = diagram.png(fonts.chinese(found.settings.DOCUMENT_FONT), "zh")
    shots = none_taken()
    if screenshots and stage is not None:
        from complaints.evidence import screenshots as camera  # noqa: PLC0415 - a browser is needed only here

        shots = yield from camera.take(found, folder, stage)
    document = filing_document.write(facts, drawing, shots)
    (folder / DOCUMENT).write_bytes(document)
    yield f"wrote {folder / DOCUMENT}, policy version {facts.version}, digest {facts.policy.digest}"
    (folder / CHECKLIST).write_text(checklist(shots), encoding="utf-8")
    left = sum(shot.path is None for shot in shots)
    yield f"wrote {folder / CHECKLIST}: {len(shots) - left} pictures taken, {left} to take"
    if facts.trial:
        yield "the policy is published for a trial run only; publish it before you hand the document in"
    missing = facts.policy.missing()
    if missing:
        yield f"{len(missing)} things are marked 【待填写】: {', '.join(each.key for each in missing)}"


def document(found: Installation) -> bytes:
    """The DOCX alone, without pictures, for a download; raises ConfigError as `write` does."""
    drawing = diagram.png(fonts.chinese(found.settings.DOCUMENT_FONT), "zh")
    return filing_document.write(filing_facts.gather(found), drawing, none_taken())


def checklist(shots: list[Shot]) -> str:
    """What pictures the filing asks for, and which are still to be taken, as plain text."""
    lines = ["投诉举报机制说明的截图清单", ""]
    for number, shot in enumerate(shots, 1):
        state = "已截取" if shot.path else "待截取"
        lines.append(f"{number}. [{state}] {shot.picture.name}.png　{shot.picture.caption}")
    lines += ["", "待截取的图片请按上面的文件名保存在本文件夹，并附到说明的附件一。"]
    return "\n".join(lines) + "\n"
