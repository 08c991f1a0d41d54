"""The way to one's complaint: number and code, one error for every failure, links that work once, nothing of others."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from following import SECRETS, TEXT
from sqlalchemy import select, update

from complaints.cases import access
from complaints.store.tables import Complaint, Outbox
from complaints.web.public.tracking import parted

NUMBER, CODE = "TS20261123-7K3M9Q", "W4TD-H8XR-2345-ABCD-EFGH"


def _bare(page: str) -> str:
    """A page without what differs from request to request anyway."""
    page = re.sub(r'value="[^"]*"', "", page)
    return re.sub(r"TS\d{8}-\w{6}", "NUMBER", page)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (NUMBER, CODE),
        (NUMBER.lower(), CODE.lower()),
        (f"编号 {NUMBER} 查询码 {CODE}", ""),
        ("", f"Number\n{NUMBER}\nAccess code\n{CODE}\n"),
        (f"{NUMBER} {CODE.replace('-', '')}", ""),
        (f"{NUMBER}\n{CODE.replace('-', ' ')}", ""),
        ("ＴＳ２０２６１１２３－７Ｋ３Ｍ９Ｑ", CODE),
        (f"{NUMBER} {CODE}", CODE),
    ],
)
def test_a_receipt_is_understood_however_it_is_pasted(number, code) -> None:
    from complaints.base.ids import tidy, tidy_number

    found = parted(number, code)

    assert (tidy_number(found[0]), tidy(found[1])) == (NUMBER, tidy(CODE))


def test_number_and_code_open_the_page_whatever_case_spaces_and_dashes(following) -> None:
    bare = following.filed.code.replace("-", "").lower()

    answer = following.enter(
        f" {following.filed.number.lower().replace('-', ' ')} ", f" {bare[:7]} {bare[7:]} "
    )

    assert answer.status_code == 303
    assert answer.location.endswith(f"/track/{following.filed.number}")
    assert following.filed.code not in answer.location
    assert TEXT in following.get().text


def test_the_whole_receipt_in_one_field_opens_the_page(following) -> None:
    answer = following.enter(f"编号 {following.filed.number}\n查询码 {following.filed.code}", " ")

    assert answer.status_code == 303


def test_wrong_code_unknown_number_and_nothing_at_all_answer_alike(following) -> None:
    tries = [
        (following.filed.number, following.other.code),
        ("TS20261123-ZZZZZZ", following.filed.code),
        (following.filed.number, "x"),
        (following.filed.number, following.filed.code[:-1]),
        (" ", " "),
        ("' OR 1=1 --", "\x00"),
    ]

    answers = [following.enter(*each) for each in tries]

    assert {each.status_code for each in answers} == {404}
    assert len({_bare(each.text) for each in answers}) == 1
    assert "编号或查询码不正确" in answers[0].text
    assert following.get().status_code == 404


def test_a_number_that_exists_and_one_that_does_not_look_alike_without_the_code(following) -> None:
    mine, nobody = following.get(), following.get("/complaints/track/TS20261123-ZZZZZZ")

    assert mine.status_code == nobody.status_code == 404
    assert _bare(mine.text) == _bare(nobody.text)
    assert 'value="TS2026' in mine.text, "the number of the address is already filled in"


def test_wrong_codes_are_counted_per_source_and_answered_with_a_time(make_following) -> None:
    following = make_following(COMPLAINTS_LIMIT_TRACKING="3/hour")

    statuses = [following.enter(code="wrong").status_code for _ in range(5)]

    assert statuses == [404, 404, 404, 429, 429]


def test_one_complaint_open_here_opens_no_other(following) -> None:
    following.open()
    page = following.get().text
    token = following.token(page, "withdraw-")

    seen = following.get(following.path(filed=following.other))
    acted = following.client.post(following.path(filed=following.other), data={"act": "withdraw", **token})
    theirs = following.desk.read(lambda work: _files(work, following.other.uid))
    taken = [
        following.get(following.path(f"/files/{theirs[0]}", following.other)),
        following.get(following.path(f"/files/{theirs[0]}")),
        following.get(following.path("/files/none")),
    ]

    assert seen.status_code == acted.status_code == 404
    assert "别人的投诉" not in seen.text + acted.text
    assert [each.status_code for each in taken] == [404, 404, 404]
    assert following.desk.case(following.other).state == "submitted"


def test_the_page_closes_after_a_while_and_keeps_what_was_typed(following, clock) -> None:
    page = following.open()
    token = following.token(page, "message-")
    clock.now += timedelta(minutes=31)

    late = following.client.post(
        following.path(), data={"act": "message", "message-text": "还有一点", **token}
    )
    again = following.client.post(
        "/complaints/track",
        data={
            "number": following.filed.number,
            "code": following.filed.code,
            "act": "message",
            "text": "还有一点",
            **following.token(late.text),
        },
    )

    assert late.status_code == 404
    assert 'value="还有一点"' in late.text
    assert again.status_code == 200
    assert re.search(r"<textarea[^>]*message-text[^>]*>\s*还有一点</textarea>", again.text)
    assert [entry.type for entry in following.desk.events(following.filed)] == ["filed"]


def test_each_visit_keeps_the_page_open(following, clock) -> None:
    following.open()

    for _ in range(3):
        clock.now += timedelta(minutes=29)
        assert following.get().status_code == 200


def test_leaving_closes_the_page_on_this_device(following) -> None:
    page = following.open()

    left = following.client.post(
        "/complaints/track/leave", data={"number": following.filed.number, **following.token(page)}
    )

    assert left.status_code == 303
    assert following.get().status_code == 404


def test_a_form_without_its_token_writes_nothing_and_keeps_the_text(following) -> None:
    following.open()

    answer = following.client.post(following.path(), data={"act": "message", "message-text": "留着我"})

    assert answer.status_code == 400
    assert "留着我</textarea>" in answer.text
    assert "页面停留较久" in answer.text
    assert [entry.type for entry in following.desk.events(following.filed)] == ["filed"]


def test_my_complaints_lists_mine_and_opens_them_without_a_code(following) -> None:
    assert "登录" in following.get("/complaints/mine").text
    following.owner["ref"] = "me"

    page = following.get("/complaints/mine").text

    assert following.filed.number in page
    assert following.other.number not in page
    assert following.get().status_code == 200
    assert following.get(following.path(filed=following.other)).status_code == 404


def test_a_lost_code_is_answered_alike_and_mailed_only_to_the_confirmed_address(following) -> None:
    def verified(uid: str, *, yes: bool) -> None:
        following.desk.installation.write(
            lambda work: work.session.execute(
                update(Complaint).where(Complaint.uid == uid).values(contact_verified=yes)
            )
        )

    def ask(number: str, mail: str) -> str:
        token = following.token(following.get("/complaints/track/lost").text)
        answer = following.client.post(
            "/complaints/track/lost", data={"number": number, "mail": mail, **token}
        )
        assert answer.status_code == 200
        return answer.text

    number, mail = following.filed.number, "reporter@example.com"
    unverified = ask(number, mail)
    verified(following.filed.uid, yes=True)
    pages = {unverified, ask("TS20261123-ZZZZZZ", mail), ask(number, "else@example.com")}
    assert not _links(following)
    pages.add(ask(number.lower(), mail.upper()))
    pages.add(ask(number, mail))
    verified(following.filed.uid, yes=False)

    assert len(pages) == 1
    assert _links(following) == [{}], "one link an hour, and no secret in the outbox"


def test_a_link_to_a_new_code_works_once_and_only_by_its_button(following) -> None:
    token = _token(following, "new_code")
    address = f"/complaints/code/{token}"

    first, second = following.get(address), following.get(address)
    shown = following.client.post(address, data=following.token(first.text))
    code = re.search(r"cmp-secret\">([\w-]+)<", shown.text)

    assert first.status_code == second.status_code == 200, "a mail scanner's visit uses nothing up"
    assert code
    assert code.group(1) != following.filed.code
    assert following.get().status_code == 200
    other = following.app.test_client()
    following.client = other
    assert following.enter().status_code == 404, "the old code has ended"
    assert following.enter(code=code.group(1)).status_code == 303
    assert following.get(address).status_code == 404
    assert (
        following.client.post(
            address, data=following.token(following.get("/complaints/track").text)
        ).status_code
        == 404
    )


def test_a_mail_address_is_confirmed_by_its_button_and_once(following) -> None:
    address = f"/complaints/confirm/{_token(following, 'verify')}"

    page = following.get(address)
    assert not following.desk.case(following.filed).contact_verified
    done = following.client.post(address, data=following.token(page.text))

    assert "邮箱已确认" in done.text
    assert following.desk.case(following.filed).contact_verified
    assert following.get(address).status_code == 404


def test_a_link_of_one_kind_does_not_serve_the_other(following) -> None:
    token = _token(following, "verify")

    assert following.get(f"/complaints/code/{token}").status_code == 404


def test_pages_of_a_complaint_are_not_kept_and_name_no_operator(following) -> None:
    following.do("accept")
    following.do("note")
    page = following.open()
    answer = following.get()

    assert answer.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not any(secret in page for secret in (*SECRETS, "内部备注"))


def _files(work, uid: str) -> list[str]:
    from complaints.cases import attachments

    return [each.uid for each in attachments.held(work, uid)]


def _links(following) -> list[dict]:
    return following.desk.read(
        lambda work: [
            row.details for row in work.session.scalars(select(Outbox).where(Outbox.kind == "code_link"))
        ]
    )


def _token(following, purpose: str) -> str:
    case = following.desk.case(following.filed)
    return following.desk.installation.write(lambda work: access.new_token(work, case.id, purpose))
