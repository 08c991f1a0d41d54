"""Files of a form on their way to a complaint: checked, kept in a draft, and named when they do not arrive."""

from __future__ import annotations

from dataclasses import replace

from werkzeug.datastructures import FileStorage

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import attachments, drafts
from complaints.cases.attachments import Upload
from complaints.ledger.work import Work
from complaints.web import incoming, limiting
from complaints.web.frame import frame
from complaints.web.incoming import Incoming
from complaints.web.public.filing_pages import Desk


def find(desk: Desk) -> None:
    """Look up the files that wait for this form."""
    if desk.kept.draft and desk.work is not None:
        desk.files = drafts.waiting(desk.work, desk.kept.draft)


def lost(desk: Desk) -> list[str]:
    """A sentence for each file that waited here and is gone, as after two hours; they are forgotten by it."""
    there = {one.uid for one in desk.files}
    said = [missing(name) for uid, name in desk.kept.files.items() if uid not in there]
    desk.kept = replace(desk.kept, files={one.uid: one.name for one in desk.files})
    return said


def take(desk: Desk, got: Incoming) -> dict[str, list[str]]:
    """Put what arrived into the draft, take out what was ticked; returns sentences by field."""
    find(desk)
    said = lost(desk)
    dropped = [uid for uid in got.form.getlist("files_drop") if uid in {one.uid for one in desk.files}]
    if desk.sheet.files is not None and (got.files or dropped):
        good, wrong = _sort(got.files, frame().settings.MAX_FILES - len(desk.files) + len(dropped))
        said += wrong
        try:
            _store(desk, good, dropped)
        except InputError as error:
            said += [*error.fields["files"], *(missing(one.name) for one in good)]
        desk.kept = replace(desk.kept, files={one.uid: one.name for one in desk.files})
    return {"files": said} if said else {}


def at_hand(got: Incoming) -> tuple[Upload, ...]:
    """The files of a form that is filed at once; InputError names each that cannot be taken."""
    good, wrong = _sort(got.files, frame().settings.MAX_FILES)
    if wrong:
        raise InputError({"files": wrong})
    return tuple(good)


def missing(name: str) -> str:
    """The sentence for a file that did not arrive."""
    return t(
        "“{file}” did not arrive; your text is kept. Choose it again", file=attachments.display_name(name)
    )


def _sort(files: list[FileStorage], room: int) -> tuple[list[Upload], list[str]]:
    good: list[Upload] = []
    wrong: list[str] = []
    for storage in files:
        if len(good) >= room:
            wrong.append(_too_many(storage.filename or ""))
            continue
        try:
            good.append(_checked(storage))
        except InputError as error:
            wrong += error.fields["files"]
    return good, wrong


def _checked(storage: FileStorage) -> Upload:
    limit = frame().settings.MAX_FILE_MB
    storage.stream.seek(0)
    return attachments.check(
        storage.filename or "", storage.stream.read(limit * incoming.MB + 1), max_mb=limit
    )


def _store(desk: Desk, good: list[Upload], dropped: list[str]) -> None:
    work = desk.work
    if work is None:
        raise InputError({"files": []})
    settings = frame().settings
    name = desk.kept.draft or drafts.new_name()
    sealed = drafts.seal(work, name, good)
    quota = drafts.Quota(settings.DRAFT_MB_PER_SOURCE, settings.DRAFT_MB_TOTAL)
    source = limiting.source()

    def write(inner: Work) -> list[str]:
        gone = drafts.remove(inner, name, dropped)
        if sealed:
            drafts.add(inner, name, source, sealed, quota)
        return gone

    try:
        gone = frame().write_under(work, write)
    except BaseException:
        drafts.discard(work, [file.uid for file in sealed])
        raise
    drafts.discard(work, gone)
    desk.kept = replace(desk.kept, draft=name)
    desk.work = frame().work
    desk.files = drafts.waiting(desk.work, name)


def _too_many(name: str) -> str:
    return t(
        "“{file}” was not taken: at most {n} files. Remove one first, or add it later on the tracking page",
        file=attachments.display_name(name),
        n=frame().settings.MAX_FILES,
    )
