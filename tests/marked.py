"""A complaint with a mark in every place that holds personal data, and where to look for the marks."""

from __future__ import annotations

import json
from pathlib import Path

from factories import ALICE
from realfiles import small_picture
from sqlalchemy import select

from complaints.cases import (
    access,
    conversation,
    disclosure,
    erasure,
    handling,
    intake,
)
from complaints.cases.attachments import check
from complaints.cases.reported import Turn
from complaints.ledger.work import COMPLAINANT as PERSON
from complaints.store.tables import Attachment, Base, Complaint, PersonKey, Private

MARK = "ZQX7"
WORDS = {
    "details": f"{MARK}-详情-我说的事😀𠮷",
    "mail": "zqx7-mail@example.com",
}
QUOTE = f"已收到，会写信到{WORDS['mail']}"


def mark(kind):
    return f"{MARK}-{kind}"


def filed_with_marks(desk, **values):
    """A complaint with a unique mark in every field, file name and content, handled to its end."""
    filed = desk.file(
        "inaccurate",
        fields=WORDS,
        answer=intake.Answer(
            mark("输出"),
            prompt=mark("提问"),
            model=mark("模型"),
            mark="verified",
            token=mark("封签"),
            notes=("expired",),
            identity=mark("回答号"),
        ),
        turns=[Turn(mark("先前的提问"), mark("先前的回答"))],
        uploads=[check(f"{mark('文件名')}.txt", mark("文件内容").encode(), max_mb=1)],
        owner=mark("账号"),
        source="ab" * 32,
        **values,
    )
    desk.act(filed, conversation.write, mark("补充"), [check(f"{mark('图')}.jpg", small_picture(), max_mb=1)])
    desk.do(filed, "accept")
    desk.act(filed, conversation.reply, ALICE, QUOTE)
    desk.act(filed, handling.note, ALICE, "与人无关的备注")
    desk.do(filed, "decide")
    desk.do(filed, "release")
    case = desk.case(filed)
    desk.installation.write(lambda work: access.new_token(work, case.id, "verify"))
    return filed


def ended(desk, filed):
    desk.later(days=40)
    desk.do(filed, "close")
    return desk.case(filed)


def request(desk, filed):
    return desk.act(filed, erasure.request, PERSON)


def finish(desk, filed):
    return desk.act(filed, erasure.finish)


def years(desk, count=3, days=45):
    desk.later(days=365 * count + days)


def rows_of(desk, filed):
    """Everything readable in the tables about one complaint, sealed fields opened, as one text."""

    def look(work):
        case = work.session.scalars(select(Complaint).where(Complaint.uid == filed.uid)).one()
        said = [json.dumps(disclosure.kept_about(work, case), ensure_ascii=False)]
        for table in Base.metadata.sorted_tables:
            for row in work.session.execute(select(table)):
                said.append(
                    " ".join(
                        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                        for value in row
                    )
                )
        return "\n".join(said)

    return desk.read(look)


def stored_names(desk, filed):
    query = select(Attachment.uid).where(Attachment.stream == filed.uid)
    uids = desk.read(lambda work: list(work.session.scalars(query)))
    there = set(desk.installation.files.names())
    return {name for uid in uids for name in (uid, f"{uid}.view") if name in there}


def hashes(case):
    return [
        case.mail_hash,
        case.owner_hash,
        case.answer_hash,
        case.seal_hash,
        case.text_hash,
        case.source_hash,
    ]


def secrets_of(desk, filed):
    """What must go of one complaint as it lies in tables and files: hashes, sealed fields, wrapped keys, contents."""
    case = desk.case(filed)
    sealed = (
        select(Private.sealed).where(Private.stream == filed.uid),
        select(PersonKey.wrapped).where(PersonKey.stream == filed.uid),
        select(Attachment.sealed).where(Attachment.stream == filed.uid),
    )
    held = [
        row
        for query in sealed
        for row in desk.read(lambda work, query=query: list(work.session.scalars(query)))
    ]
    files = [desk.installation.files.get(name) for name in sorted(stored_names(desk, filed))]
    hashed = [value.encode() for value in [*hashes(case), case.filing_hash] if value]
    return [*hashed, *(each[:48] for each in held)], [each[:48] for each in files]


def raw_bytes(place: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file())
