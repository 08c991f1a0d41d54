"""The commands as a developer types them: what they print, what they leave behind, how they end."""

from __future__ import annotations

import json
import shutil
import stat

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from tampering import unguarded

from complaints import Complaints
from complaints.base.clock import utcnow
from complaints.cli import group
from complaints.ledger.reading import history
from complaints.store.tables import Complaint, Event, Job, Operator, PolicyVersion, Stream

POLICY = """
extends = "cn-genai"
[provider]
name = "明灯智能科技有限公司"
product = "明灯助手"
"""


class Host:
    """A product with complaints mounted, and its command line."""

    def __init__(self, folder, **config):
        self.folder = folder
        self.app = Flask("product", instance_path=str(folder))
        self.app.config.update(
            SECRET_KEY="a secret of this test",
            COMPLAINTS_BASE_URL="https://ai.example.cn",
            COMPLAINTS_SCHEDULER=False,
            **config,
        )
        self.channel = Complaints(self.app)
        self.installation = self.app.extensions["complaints"]

    def run(self, *words):
        return self.app.test_cli_runner().invoke(group, list(map(str, words)))

    def good(self, *words):
        result = self.run(*words)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    def read(self, look):
        with self.installation.reading() as work:
            return look(work)

    def file(self, kind="other"):
        import secrets

        from complaints.cases import intake

        filing = intake.Filing(kind, {"details": "命令行之外的一件"}, secrets.token_hex(16))
        return self.installation.write(lambda work: intake.file(work, filing))

    def close(self):
        self.installation.database.engine.dispose()


@pytest.fixture
def bare(tmp_path):
    """A product where nobody has run init yet."""
    made = Host(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def after_init(tmp_path_factory):
    """An instance folder as init leaves it, with a policy of its own; tests work on copies."""
    folder = tmp_path_factory.mktemp("instance")
    (folder / "complaints.toml").write_text(POLICY, encoding="utf-8")
    made = Host(folder)
    made.good("init")
    made.close()
    return folder


@pytest.fixture
def host(tmp_path, after_init):
    """A product after init."""
    made = Host(shutil.copytree(after_init, tmp_path / "instance"))
    yield made
    made.close()


def test_init_makes_tables_keys_and_a_policy_to_fill_in(bare):
    said = bare.good("init")

    assert "database: up to date" in said
    assert "trial run" in said
    keys = sorted((bare.folder / "complaints" / "keys").glob("*.key"))
    assert [key.stem for key in keys] == ["answers", "data", "log", "lookup"]
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)
    assert 'extends = "cn-genai"' in (bare.folder / "complaints.toml").read_text(encoding="utf-8")
    assert bare.read(lambda work: work.session.scalars(select(PolicyVersion.trial)).all()) == [True]


def test_init_a_second_time_changes_nothing(host):
    keys = {key.name: key.read_bytes() for key in (host.folder / "complaints" / "keys").iterdir()}
    policy = (host.folder / "complaints.toml").read_bytes()
    said = host.good("init")

    assert "already there" in said
    assert {key.name: key.read_bytes() for key in (host.folder / "complaints" / "keys").iterdir()} == keys
    assert (host.folder / "complaints.toml").read_bytes() == policy
    assert host.read(lambda work: work.session.scalar(select(func.count()).select_from(PolicyVersion))) == 1


def test_init_can_leave_out_the_policy_file(bare):
    bare.good("init", "--no-policy-file")

    assert not (bare.folder / "complaints.toml").exists()


def test_before_init_each_command_says_what_to_do(bare):
    for words in (["doctor"], ["db", "check"], ["audit"], ["tick"], ["export", "log"]):
        result = bare.run(*words)
        assert result.exit_code in {1, 2}
        assert "flask complaints init" in result.output or "flask complaints db upgrade" in result.output
        assert "Traceback" not in result.output


def test_doctor_fails_until_somebody_answers_for_the_policy_and_somebody_can_handle(host):
    result = host.run("doctor")
    assert result.exit_code == 1
    assert "[fail] policy: published for a trial run only" in result.output
    assert "[fail] operators: nobody" in result.output
    assert "[look] policy: contacts.phone is missing" in result.output

    host.good("policy", "publish", "--by", "陈明", "--yes")
    host.good("operator", "add", "alice", "--by", "陈明")
    host.good("operator", "add", "bob", "--role", "supervisor", "--by", "陈明")
    said = host.run("doctor").output
    assert said.count("[fail] reminders: nobody can be told as ") == 3
    host.good("operator", "add", "carol", "--role", "supervisor", "--mail", "c@example.cn", "--by", "陈明")
    said = host.good("doctor")
    assert "[fail]" not in said
    assert "[look] reminders: of restricted types nobody can be told as operators" in said
    assert "[  ok] operators: 3" in said


def test_doctor_sees_keys_that_others_can_read(host):
    (host.folder / "complaints" / "keys" / "data.key").chmod(0o644)

    assert "chmod 600" in host.run("doctor").output


def test_policy_check_names_file_key_and_remedy_of_every_fault(host, tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text(
        POLICY
        + '[deadlines.general]\nresult = { amount = 0, unit = "wd" }\n[review]\nwindow_days = "many"\n',
        encoding="utf-8",
    )
    result = host.run("policy", "check", broken)

    assert result.exit_code == 1
    assert f"{broken}: deadlines.general.result" in result.output
    assert f"{broken}: review.window_days" in result.output
    assert "Write " in result.output


@pytest.mark.parametrize(
    "content", ["", "extends = \n", 'extends = "nowhere"\n', "\x00", "[provider]\nname = 7\n"]
)
def test_policy_check_ends_with_a_finding_whatever_the_file_holds(host, tmp_path, content):
    broken = tmp_path / "broken.toml"
    broken.write_text(content, encoding="utf-8")
    result = host.run("policy", "check", broken)

    assert result.exit_code == 1
    assert str(broken) in result.output


def test_policy_check_of_a_file_that_is_not_there_is_wrong_use(host, tmp_path):
    result = host.run("policy", "check", tmp_path / "none.toml")

    assert result.exit_code == 2
    assert "there is no such file" in result.output


def test_policy_check_says_what_is_missing_and_the_digest(host):
    said = host.good("policy", "check")

    assert "missing: contacts.phone" in said
    assert host.installation.file_policy.digest in said


def test_publishing_names_a_person_makes_a_version_and_stands_in_the_log(host):
    said = host.good("policy", "publish", "--by", "陈明", "--yes")
    assert "published version 2" in said
    row = host.read(lambda work: work.session.get(PolicyVersion, 2))
    assert (row.trial, row.published_by) == (False, "陈明")
    assert row.page_zh
    assert row.page_en
    leaves = host.read(
        lambda work: work.session.scalars(select(Event.leaf).where(Event.type == "policy_published")).all()
    )
    assert [json.loads(leaf)["meta"]["version"] for leaf in leaves] == [1, 2]

    assert "nothing to publish" in host.good("policy", "publish", "--by", "陈明", "--yes")
    assert host.good("policy", "show", "--list").count("\n") == 2


def test_publishing_asks_first_and_takes_no_for_an_answer(host):
    result = host.run("policy", "publish", "--by", "陈明")

    assert result.exit_code == 1
    assert host.read(lambda work: work.session.scalar(select(func.count()).select_from(PolicyVersion))) == 1


def test_publishing_needs_a_name(host):
    assert host.run("policy", "publish", "--yes").exit_code == 2


def test_a_published_policy_can_be_shown(host):
    assert json.loads(host.good("policy", "show"))["provider"]["product"] == "明灯助手"
    assert host.run("policy", "show", "--version", "9").exit_code == 2
    assert json.loads(host.good("calendar", "show", "2026"))["final"] is True


def test_an_operator_gets_a_password_once_and_can_be_disabled(host):
    said = host.good("operator", "add", "Alice", "--name", "陈一", "--mail", "a@example.cn", "--by", "陈明")
    password = said.partition("one-time password: ")[2].strip()
    assert len(password) >= 12
    stored = host.read(lambda work: work.session.scalars(select(Operator)).one())
    assert password not in repr(vars(stored))
    assert stored.login == "alice"

    assert host.run("operator", "add", "alice").exit_code == 1
    assert "alice\t陈一\thandler\tactive" in host.good("operator", "list")
    host.good("operator", "disable", "alice", "--by", "陈明")
    assert "alice\t陈一\thandler\tdisabled" in host.good("operator", "list")
    assert host.run("operator", "disable", "nobody").exit_code == 1


def test_db_check_sees_a_table_that_is_not_as_expected(host):
    from sqlalchemy import text

    assert "as expected" in host.good("db", "check")
    with host.installation.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE complaints_draft ADD COLUMN more INTEGER"))
    result = host.run("db", "check")

    assert result.exit_code == 1
    assert "differ" in result.output


@pytest.mark.parametrize(("kind", "form", "begins"), [
    ("log", "jsonl", b'{"index"'), ("log", "csv", "\ufeffindex,".encode()),
    ("register", "jsonl", b'{"number"'), ("register", "csv", "\ufeffnumber,".encode()),
])  # fmt: skip
def test_an_export_goes_to_a_file_or_to_standard_output_and_is_itself_recorded(
    host, tmp_path, kind, form, begins
):
    host.file()
    target = tmp_path / "out"
    host.good("export", kind, "--format", form, "--output", target, "--by", "陈明")

    assert target.read_bytes().startswith(begins)
    printed = host.run("export", kind, "--format", form)
    assert printed.stdout_bytes.startswith(begins)
    exported = host.read(
        lambda work: work.session.scalars(select(Event.leaf).where(Event.type == "exported")).all()
    )
    assert len(exported) == 2
    assert json.loads(exported[0])["actor"] == "admin:陈明"


def test_an_export_of_days_takes_days(host, tmp_path):
    host.file()
    assert host.good("export", "register", "--since", "2020-01-01", "--until", "2020-02-01") == ""
    assert host.run("export", "register", "--since", "yesterday").exit_code == 2


def test_an_audit_ends_well_when_nothing_is_found(host):
    host.file()

    assert "nothing found" in host.good("audit")


@pytest.mark.tampered
def test_an_audit_ends_with_a_finding_when_something_is(host):
    filed = host.file()
    host.installation.database.write(
        lambda session: (
            session.execute(update(Complaint).where(Complaint.uid == filed.uid).values(late=True)) and None
        )
    )
    result = host.run("audit")

    assert result.exit_code == 1
    assert f"complaint-row\t{filed.uid}/late" in result.output
    assert "1 findings" in result.output


@pytest.mark.tampered
def test_an_audit_of_a_damaged_leaf_still_looks_at_the_rest(host):
    one, two = host.file(), host.file()

    def damage(session):
        session.execute(update(Event).where(Event.stream == one.uid).values(leaf=b"{"))
        session.execute(delete(Stream).where(Stream.uid == two.uid))

    unguarded(host.installation.database, damage)
    result = host.run("audit")

    assert result.exit_code == 1
    assert one.uid in result.output
    assert two.uid in result.output


def test_filing_writes_the_document_and_the_list_of_pictures(host, tmp_path):
    pytest.importorskip("docx")
    said = host.good("filing", "--output", tmp_path / "filing", "--no-screenshots")

    assert (tmp_path / "filing" / "投诉举报机制说明.docx").is_file()
    assert (tmp_path / "filing" / "截图清单.txt").is_file()
    assert "trial run" in said


@pytest.mark.browser
def test_filing_photographs_the_pages_and_leaves_the_real_database_alone(
    host, tmp_path, chromium_path, monkeypatch
):
    monkeypatch.setenv("COMPLAINTS_TEST_CHROMIUM", chromium_path)
    real = host.installation
    before = _everything(host)
    said = host.good("filing", "--output", tmp_path / "filing")

    assert "10 pictures taken, 1 to take" in said, said
    pictures = sorted((tmp_path / "filing").glob("*.png"))
    assert len(pictures) == 10
    assert all(picture.stat().st_size > 10_000 for picture in pictures)
    assert _everything(host) == before
    assert host.app.extensions["complaints"] is real


def _everything(host):
    from complaints.store.tables import Base

    tables = Base.metadata.sorted_tables
    return host.read(lambda work: [work.session.execute(table.select()).all() for table in tables])


def test_a_tick_says_what_it_did(host):
    filed = host.file()
    said = json.loads(host.good("tick").splitlines()[0])
    assert said
    case = host.read(
        lambda work: work.session.scalars(select(Complaint).where(Complaint.uid == filed.uid)).one()
    )
    assert case.due_next > utcnow()


@pytest.mark.parametrize(
    "words", [["nothing"], ["export"], ["export", "all"], ["operator", "add"], ["calendar", "show", "x"]]
)
def test_wrong_use_ends_with_two(host, words):
    assert host.run(*words).exit_code == 2


def test_the_command_leaves_no_restricted_complaint_out_and_says_what_the_switch_adds(host, tmp_path):
    filed = host.file("minor")
    for kind in ("register", "log"):
        assert filed.number in host.good("export", kind)
    case = ["export", "case", "--number", filed.number, "--output", tmp_path / "case.pdf"]
    assert host.run(*case).exit_code == 1
    host.good(*case, "--restricted")
    said = " ".join(host.good("export", "--help").split())
    assert "Include the contacts of restricted types, and let a case be of one" in said


def test_an_ordered_export_is_made_by_the_next_tick_and_no_bar_goes_into_a_pipe(host, tmp_path):
    host.file()
    uid = host.good("export", "register", "--format", "csv", "--job").strip()
    host.run("tick")
    job = host.read(lambda work: work.session.get(Job, uid))
    assert (job.state, job.done) == ("done", 1)
    result = host.run("export", "case", "--number", "TS20261123-222222", "--output", tmp_path / "no.pdf")
    assert result.exit_code == 1
    assert not (tmp_path / "no.pdf").exists()
    assert "[#" not in host.run("export", "log", "--output", tmp_path / "log.jsonl").output


@pytest.mark.parametrize(
    ("form", "magic"), [("pdf", b"%PDF"), ("docx", b"PK\x03\x04"), ("xlsx", b"PK\x03\x04")]
)
def test_report_writes_a_month_as_a_file_and_the_log_says_who_took_it(host, tmp_path, form, magic):
    host.file()
    month = f"{utcnow():%Y-%m}"
    host.good("report", "--month", month, "--format", form, "-o", tmp_path / "report", "--by", "王")

    assert (tmp_path / "report").read_bytes()[:4] == magic
    entry = host.read(lambda work: history(work, "system"))[-1]
    assert (entry.type, entry.actor, entry.meta["kind"], entry.meta["form"]) == (
        "exported",
        "admin:王",
        "monthly",
        form,
    )


def test_report_takes_the_last_month_where_none_is_said_and_refuses_what_is_none(host, tmp_path):
    uid = host.good("report", "--job").strip()
    host.run("tick")
    job = host.read(lambda work: work.session.get(Job, uid))

    assert (job.state, job.params["kind"]) == ("done", "monthly")
    assert (host.run("report", "--month", "2026-13", "-o", tmp_path / "x").exit_code) == 2
    refused = host.run("report", "--month", "2099-01", "-o", tmp_path / "x")
    assert (refused.exit_code, (tmp_path / "x").exists()) == (1, False)
