"""A complaint of a restricted type is nowhere for whoever is not cleared: every page and address, each role.

The routes come from `url_map`, so that a page of tomorrow is held against this as well.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path

import pytest
from office import ADMIN, Office, quick_passwords
from sqlalchemy import select, update

sys.path.insert(0, str(Path(__file__).parent))

from machine import Machine, make_key
from web.test_admin_export import newest, order, take

from complaints.administration import bulk
from complaints.base.clock import beijing
from complaints.cases import intake
from complaints.cases.attachments import check
from complaints.cases.bulk import Wish
from complaints.cases.people import Operator
from complaints.delivery.fanout import NOBODY, eligible
from complaints.delivery.people import Recipient
from complaints.jobs.working import work_off
from complaints.store.tables import Attachment, Job, Outbox
from complaints.web.admin import bulk_orders

UNKNOWN, NO_UID = "TS20261123-222222", "0" * 32
ROLES = ("handler", "supervisor", "auditor", "admin")
SECRET = "只有被点名的人可以知道的事"
# Values for what an address asks for beside the complaint; a route with another name fails until it is thought of.
FILLED = {
    "action": "accept",
    "what": "disable",
    "which": "others",
    "deed": "cancel",
    "turn": "pause",
    "letter": 1,
    "version": 1,
    "size": 1,
    "ref": "key_22222222",
    "key": "nobodys",
}
CASES = ("number", "uid", "file")
# What an order's form counts while somebody chooses; `D` is the day on which the hidden case comes.
COUNTS = [
    f"/evidence/count?kind={kind}{narrowed}"
    for kind in ("register", "log", "period")
    for narrowed in ("", "&type=minor_harm", "&state=submitted", "&tests=no", "&from=D&to=D")
]
ANSWER = intake.Answer("同一个回答", "同一个问题", mark="verified")


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock).start(clock)
    for who in ROLES:
        made.client(who)
    # With a file: that the folder of files is there is no word about the hidden case, which has one too.
    uploads = [check("截图.txt", "大家都能看的一页".encode(), max_mb=1)]
    made.desk.file("other", fields={"details": "大家都能看的一件"}, answer=ANSWER, uploads=uploads)
    return made


def restricted_type(office):
    return next(
        key
        for key, row in office.desk.read(lambda work: work.policy.types).items()
        if row.restricted and set(row.required) <= {"details"} and not row.contact_required
    )


def hide(office):
    """A restricted complaint about the same answer, with a file, late by now."""
    kind = restricted_type(office)
    uploads = [check("证据.txt", SECRET.encode(), max_mb=1)]
    return office.desk.file(kind, fields={"details": SECRET}, answer=ANSWER, uploads=uploads)


def rules(app, prefix, *, aimed):
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(prefix) and bool(set(CASES) & rule.arguments) is aimed
    ]


def address(app, rule, number, uid):
    values = {"number": number, "uid": uid, "file": uid, **FILLED}
    with app.test_request_context():
        return rule.build({key: values[key] for key in rule.arguments})[1]


def bare(answer, *numbers):
    """What a reader sees: without tokens, and with every given number read alike."""
    text = re.sub(r'(name="(?:\w+-)?csrf_token" value=|nonce=)"[^"]*"', "", answer.get_data(as_text=True))
    for each in numbers:
        text = text.replace(each, "…")
    return answer.status_code, re.sub(r"lang=\w\w", "", answer.headers.get("Location", "")), text


def with_token(client):
    html = client.get(f"{ADMIN}/replies").get_data(as_text=True)
    return re.search(r'name="csrf_token" value="([^"]+)"', html)[1]


@pytest.mark.parametrize("who", ROLES)
def test_no_guessed_address_tells_a_hidden_case_from_none(office, who):
    hidden, client = hide(office), office.client(who)
    uid = office.desk.read(
        lambda work: work.session.scalars(select(Attachment.uid).where(Attachment.stream == hidden.uid)).one()
    )
    token, told, asked = with_token(client), [], 0
    data = {"csrf_token": token, "version": "1", "text": "文字", "do": "send", "reason": "理由"}
    for rule in rules(office.app, "complaints.admin.", aimed=True):
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            actions = caseacts() if "action" in rule.arguments else ("",)
            for action in actions:
                FILLED["action"] = action or "accept"
                one = address(office.app, rule, hidden.number, uid)
                none = address(office.app, rule, UNKNOWN, NO_UID)
                given = data if method == "POST" else None
                left = bare(client.open(one, method=method, data=given), hidden.number, uid)
                right = bare(client.open(none, method=method, data=given), UNKNOWN, NO_UID)
                asked += 1
                if left != right or left[0] in {200, 500}:
                    told.append((method, one, left[0], right[0]))

    assert told == []
    assert asked > 20
    assert [entry.type for entry in office.desk.events(hidden)] == ["filed"]


def caseacts():
    from complaints.web.admin.caseacts import ACTS

    return tuple(ACTS)


@pytest.mark.parametrize("who", ROLES)
def test_no_page_changes_when_a_hidden_case_arrives(office, who):
    client, changed = office.client(who), []
    paths = [
        address(office.app, rule, UNKNOWN, NO_UID)
        for rule in rules(office.app, "complaints.admin.", aimed=False)
        if "GET" in rule.methods and not rule.endpoint.endswith(("logout", "key_revoke", "second_factor"))
    ]
    paths += [
        f"{ADMIN}/?view={view}" for view in ("all", "late", "unassigned", "review", "ended", "measures")
    ]
    day = f"{beijing(office.desk.clock.now):%Y-%m-%d}"
    kind = restricted_type(office)
    paths += [ADMIN + path.replace("D", day).replace("minor_harm", kind) for path in COUNTS]
    paths += [f"{ADMIN}/?view=all&type=minor_harm", f"{ADMIN}/?view=all&state=submitted"]
    for path in paths:
        client.get(path)
    before = {path: visible(client.get(path)) for path in paths}
    hidden = hide(office)
    for path, was in before.items():
        now = visible(client.get(path))
        if now != was or hidden.number in now or SECRET in now:
            changed.append(path)

    assert changed == []
    assert len(paths) > 15


@pytest.mark.parametrize("who", ROLES)
def test_no_page_counts_a_message_about_a_hidden_case(office, who):
    paths = [f"{ADMIN}/board", f"{ADMIN}/health", f"{ADMIN}/office", f"{ADMIN}/outbox", f"{ADMIN}/"]
    hidden = hide(office)
    office.hire("cleared", "admin", restricted=True)
    clients = [office.client(who), office.client("cleared")]

    def read():
        return [{path: bare(client.get(path))[2] for path in paths} for client in clients]

    def put(state, error):
        case = office.desk.case(hidden).id

        def write(work):
            rows = work.session.query(Outbox).filter_by(complaint_id=case).all()
            assert rows
            for row in rows:
                row.state, row.last_error = state, error

        office.installation.write(write)

    put("sent", None)
    read()
    without, whole = read()
    for state, error in (("dead", "SMTPDataError 554"), ("queued", NOBODY)):
        put(state, error)
        some, every = read()
        assert [path for path in paths if some[path] != without[path]] == []
        assert every[f"{ADMIN}/health"] != whole[f"{ADMIN}/health"]
    assert {"dead", "nobody"} & set(office.client().get("/complaints/healthz").json["alarms"]) == {"nobody"}


def visible(answer):
    """The words of a page but for what counts the log as a whole, which says nothing of a complaint's kind."""
    text = bare(answer)[2]
    if "/health" in answer.request.path or answer.request.path.endswith(("/evidence", "/audit")):
        text = re.sub(r"\d+", "0", text)
    # Words that change with each drawing: a new secret of the second factor, the secret of a new record.
    return re.sub(
        r'<svg class="cmp-qr".*?</svg>|id="factor-key">[^<]*|name="(offered|secret|draft)" value="[^"]*"',
        "",
        text,
        flags=re.DOTALL,
    )


ORDERS = [("register", "csv"), ("register", "jsonl"), ("log", "csv"), ("log", "jsonl"), ("period", "docx")]


@pytest.mark.parametrize("who", ["supervisor", "auditor", "admin"])
def test_no_file_that_can_be_ordered_has_a_hidden_case(office, who):
    hidden, client = hide(office), office.client(who)
    office.hire("cleared", "auditor", restricted=True)
    cleared = office.client("cleared")
    # What the others ordered stands in the log and on the page of files.
    for by, what in ((cleared, {"kind": "case", "form": "docx", "number": hidden.number}),
                     (cleared, {"kind": "register", "form": "csv", "type": restricted_type(office)})):  # fmt: skip
        assert order(by, **what).status_code == 303
    for kind, form in ORDERS:
        for narrowed in ({}, {"type": restricted_type(office)}, {"tests": "no"}):
            office.desk.later(seconds=1)
            assert order(client, kind=kind, form=form, **narrowed).status_code == 303
            told = [
                each in unzipped(form, take(client, newest(office)).data)
                for each in (hidden.number, hidden.uid)
            ]
            assert told == [False, False], (kind, form, narrowed)
    page = visible(client.get(f"{ADMIN}/evidence/exports"))
    assert hidden.number not in page
    office.desk.later(seconds=1)
    assert order(cleared, kind="register", form="csv").status_code == 303
    assert hidden.number in take(cleared, newest(office)).get_data(as_text=True)


def unzipped(form, data):
    if form == "docx":
        data = zipfile.ZipFile(io.BytesIO(data)).read("word/document.xml")
    return data.decode()


def ordered_for_many(office, *filed):
    """What somebody who is cleared ordered for these."""
    who = Operator(office.refs["cleared"], "Cleared", frozenset({"handler"}), restricted=True)
    cases = [(each.uid, office.desk.case(each).version) for each in filed]
    return bulk.order(office.installation, who, Wish("accept"), cases)


def proceed(office, uid, ends, state):
    """As a worker leaves it after so many cases."""
    values = {"place": {"ends": ends}, "done": len(ends), "state": state}
    office.installation.write(
        lambda work: work.session.execute(update(Job).where(Job.uid == uid).values(**values))
    )


def told_of_many(client, uid):
    """Each page of an act on many cases, and its row in the list."""
    found, where = [], f"{ADMIN}/bulk/{uid}"
    while where:
        answer = client.get(where)
        found.append(bare(answer, uid))
        after = re.search(r'href="([^"]+)" rel="next"', answer.get_data(as_text=True))
        where = after and after[1].replace("&amp;", "&")
    rows = re.findall(r"<tr.*?</tr>", bare(client.get(f"{ADMIN}/bulk"))[2], re.DOTALL)
    return [*found, [row.replace(uid, "…") for row in rows if uid in row]]


@pytest.mark.parametrize("who", ["handler", "supervisor"])
@pytest.mark.parametrize(
    ("ends", "state", "left", "same"),
    [
        ([], "queued", [], "queued"),
        (["failed"], "running", [], "running"),
        (["failed", "", "failed"], "running", [""], "running"),
        (["failed", ""], "cancelled", [""], "cancelled"),
        # What goes on, or was stopped, behind the last that they may see is nothing to them.
        (["", "", "", "state"], "running", ["", "state"], "done"),
        (["", "", "", "state"], "cancelled", ["", "state"], "done"),
        (["", "state", "failed", "", ""], "done", ["state", ""], "done"),
    ],
)
def test_an_act_on_many_cases_reads_as_if_the_hidden_ones_were_not_in_it(
    office, monkeypatch, who, ends, state, left, same
):
    monkeypatch.setattr(bulk_orders, "PAGE", 1)
    office.hire("cleared", "handler", restricted=True)
    client, (one, two) = office.client(who), [office.desk.file("other") for _ in range(2)]
    hidden = [hide(office) for _ in range(3)]
    whole = ordered_for_many(office, hidden[0], one, hidden[1], two, hidden[2])
    plain = ordered_for_many(office, one, two)
    proceed(office, whole, ends, state)
    proceed(office, plain, left, same)
    told = told_of_many(client, whole)

    assert len(told) == 3
    assert len(told[-1]) == 1
    assert told == told_of_many(client, plain)
    assert "5件" in told_of_many(office.client("cleared"), whole)[0][2]
    stopped = []
    for uid in (whole, plain):
        answer = client.post(f"{ADMIN}/bulk/{uid}/cancel", data={"csrf_token": with_token(client)})
        stopped.append([str(each).replace(uid, "…") for each in bare(answer)])
    assert stopped[0] == stopped[1]


@pytest.mark.parametrize("who", ROLES)
def test_an_act_on_hidden_cases_only_is_unknown_and_shortens_no_list(office, who):
    office.hire("cleared", "handler", restricted=True)
    client, plain = office.client(who), office.desk.file("other")
    for _ in range(21):
        office.desk.later(seconds=1)
        ordered_for_many(office, plain)
    listing = f"{ADMIN}/bulk"
    client.get(listing)
    before = bare(client.get(listing))
    hidden = hide(office)
    for _ in range(21):
        office.desk.later(seconds=1)
        uid = ordered_for_many(office, hidden)

    assert bare(client.get(listing)) == before
    token = with_token(client)
    for address, given in ((listing + "/{}", None), (listing + "/{}/cancel", {"csrf_token": token})):
        one, none = (
            client.open(address.format(each), method="POST" if given else "GET", data=given)
            for each in (uid, NO_UID)
        )
        assert bare(one, uid) == bare(none, NO_UID)
        assert one.status_code in {403, 404}
    assert uid in office.client("cleared").get(listing).get_data(as_text=True)
    assert office.desk.read(lambda work: work.session.get(Job, uid).state) == "queued"


def test_no_log_for_whoever_is_not_cleared_says_of_how_many_cases_an_act_was(office):
    office.hire("cleared", "auditor", restricted=True)
    ordered_for_many(office, hide(office), office.desk.file("other"))
    for who, there in (("auditor", False), ("cleared", True)):
        office.desk.later(seconds=1)
        client = office.client(who)
        assert order(client, kind="log", form="jsonl").status_code == 303
        lines = take(client, newest(office)).get_data(as_text=True)
        assert ("bulk_ordered" in lines) is there


def test_no_file_of_a_key_without_the_permission_has_a_hidden_case(office):
    hidden, kinds = hide(office), [*ORDERS]
    for cleared in (False, True):
        _, key = make_key(office.installation, "export", restricted=cleared)
        machine = Machine(office.app, key)
        for kind, form in kinds:
            ordered = machine.post("/exports", {"kind": kind, "form": form})
            work_off(office.installation)
            file = machine.get(machine.get(ordered.headers["Location"]).json["file"])
            assert (hidden.number in unzipped(form, file.data)) is cleared, (kind, form)


@pytest.mark.parametrize("scope", ["read", "act", "export"])
def test_no_key_without_the_permission_tells_a_hidden_case_from_none(office, scope):
    hidden = hide(office)
    uid = office.desk.read(
        lambda work: work.session.scalars(select(Attachment.uid).where(Attachment.stream == hidden.uid)).one()
    )
    _, key = make_key(office.installation, scope)
    machine, told, asked = Machine(office.app, key), [], 0
    for rule in office.app.url_map.iter_rules():
        if not rule.rule.startswith("/complaints/api/v1/") or not {"number", "uid"} & rule.arguments:
            continue
        if set(rule.arguments) - {"number", "uid", "act", "name"}:
            raise AssertionError(f"{rule.rule} asks for more: think of it here")
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            answers = []
            for number, file in ((hidden.number, uid), (UNKNOWN, NO_UID)):
                values = {"number": number, "uid": file, "act": "accept", "name": "accept"}
                with office.app.test_request_context():
                    url = rule.build({name: values[name] for name in rule.arguments})[1]
                sent = office.app.test_client().open(
                    url,
                    method=method,
                    headers={"Authorization": f"Bearer {key}", "If-Match": '"1"'},
                    json={} if method == "POST" else None,
                )
                answers.append(bare(sent, number, file))
            asked += 1
            if answers[0] != answers[1] or answers[0][0] < 400:
                told.append((method, rule.rule, answers[0][0], answers[1][0]))

    assert told == []
    assert asked > 5
    listed = machine.get("/cases")
    assert hidden.number not in listed.text
    assert [entry.type for entry in office.desk.events(hidden)] == ["filed"]


def test_similar_reports_and_joining_do_not_name_it(office):
    from complaints.cases import alike
    from complaints.store.tables import Complaint

    hidden = hide(office)
    plain = office.desk.read(
        lambda work: work.session.scalars(select(Complaint).where(Complaint.uid != hidden.uid)).one()
    )
    found = {
        cleared: office.desk.read(
            lambda work, cleared=cleared: [
                each.number
                for each in alike.related(
                    work, Operator("x", "x", frozenset({"handler"}), restricted=cleared), plain, ()
                ).similar
            ]
        )
        for cleared in (True, False)
    }

    assert found == {True: [hidden.number], False: []}
    page = office.client("handler").get(f"{ADMIN}/case/{plain.number}").get_data(as_text=True)
    assert hidden.number not in page


@pytest.mark.parametrize("group", ["operators", "supervisors"])
def test_no_notice_of_it_goes_to_whoever_is_not_cleared(group):
    people = [
        Recipient(f"op_{role}{cleared}", role, f"{role}@x.cn", frozenset({role}), cleared, "zh")
        for role in ROLES
        for cleared in (True, False)
    ]
    told = eligible(people, group, restricted=True)

    assert told
    assert all(each.restricted for each in told)
    assert len(eligible(people, group, restricted=False)) > len(told)
