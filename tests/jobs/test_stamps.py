"""Time stamps of checkpoints, made in a tick by an authority that may be away, slow or wrong."""

from __future__ import annotations

import pytest
import servers
from smtp import silent
from ticking import rows, run, set_up, told
from tsa import Authority
from tsa import serving as stamping

from complaints.administration import checkpoints
from complaints.jobs import checkpoints as log_work
from complaints.ledger import stamps


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(autouse=True)
def as_new(authority):
    authority.asked.clear()
    authority.status, authority.answer = 200, None


def test_a_checkpoint_is_stamped_and_openssl_verifies_what_was_kept(signing, authority, tmp_path):
    with stamping(authority) as url:
        set_up(signing, TSA_URL=url, TSA_CA_FILE=str(authority.ca))
        signing.file()
        assert run(signing).log.stamped == 1
    (row,) = rows(signing)
    assert (row.stamp_state, row.stamp_error, row.stamp_after) == ("done", None, None)
    assert authority.holds(row.stamp, row.note, tmp_path / "out")
    assert not authority.holds(row.stamp, row.note + " ", tmp_path / "changed")
    assert authority.runs(stamps.command(str(tmp_path / "out"), str(authority.ca)))
    assert stamps.verify(row.stamp, row.note, str(authority.ca)).at is not None
    with pytest.raises(stamps.StampError):
        stamps.verify(row.stamp, row.note.replace("ai.", "bi."), str(authority.ca))
    other = Authority(tmp_path / "other")
    with pytest.raises(stamps.StampError, match="does not verify"):
        stamps.verify(row.stamp, row.note, str(other.ca))


def test_an_authority_that_is_away_is_asked_again_with_growing_pauses(signing, authority):
    set_up(signing, TSA_URL=f"http://127.0.0.1:{servers.free_port()}/", TSA_CA_FILE=str(authority.ca))
    signing.file()
    pauses = []
    for _ in range(4):
        assert run(signing, alone=True).log.stamped == 0
        (row,) = rows(signing)[:1]
        assert (row.stamp_state, row.stamp) == ("pending", None)
        assert row.stamp_error == "URLError"
        pauses.append((row.stamp_after - signing.now).total_seconds())
        signing.now = row.stamp_after
    assert pauses == [60, 60, 120, 240]
    assert not [what for _, what, _ in told(signing, "en") if "time stamp" in what]
    signing.pass_time(hours=1)
    assert [level for level, what, _ in told(signing, "en") if "1 checkpoints wait" in what] == ["look"]
    with stamping(authority) as url:
        set_up(signing, TSA_URL=url)
        run(signing, alone=True)
    assert {row.stamp_state for row in rows(signing)} == {"done"}
    assert rows(signing)[0].stamp_error is None


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (503, b"", "HTTP 503"),
        (200, b"", "the answer is no time stamp of this text"),
        (200, b"<html>log in</html>", "the answer is no time stamp of this text"),
        (200, b"0" * 1_000_001, "the answer is too long"),
        # PKIStatus 2, rejection (RFC 3161, section 2.4.2).
        (200, bytes.fromhex("30053003020102"), "refused with status 2"),
    ],
)
def test_an_answer_that_is_no_stamp_is_not_kept(signing, authority, status, answer, error):
    authority.status, authority.answer = status, answer
    with stamping(authority) as url:
        set_up(signing, TSA_URL=url, TSA_CA_FILE=str(authority.ca))
        signing.file()
        run(signing)
    (row,) = rows(signing)
    assert (row.stamp_state, row.stamp, row.stamp_error) == ("pending", None, error)


def test_the_stamp_of_another_text_is_not_kept(signing, authority):
    with stamping(authority) as url:
        authority.answer = stamps.ask(url, "another text").raw
        set_up(signing, TSA_URL=url, TSA_CA_FILE=str(authority.ca))
        signing.file()
        run(signing)
    assert rows(signing)[0].stamp is None


def test_an_authority_that_never_answers_holds_a_tick_no_longer_than_its_bound(signing, monkeypatch):
    monkeypatch.setattr(stamps, "TIMEOUT_SECONDS", 0.2)
    with silent() as port:
        set_up(signing, TSA_URL=f"http://127.0.0.1:{port}/")
        signing.file()
        assert run(signing).log.stamped == 0
    assert rows(signing)[0].stamp_error == "TimeoutError"


def test_a_response_only_openssl_reads_is_kept_as_it_came_and_says_so(signing, tmp_path):
    authority = Authority(tmp_path / "chained", chain=True)
    with stamping(authority) as url:
        set_up(signing, TSA_URL=url, TSA_CA_FILE=str(authority.ca))
        signing.file()
        run(signing)
    (row,) = rows(signing)
    assert row.stamp_state == "done"
    assert "verify it with openssl" in row.stamp_error
    assert authority.holds(row.stamp, row.note, tmp_path / "out")


def test_two_workers_ask_for_one_stamp_once(signing, authority):
    with stamping(authority) as url:
        set_up(signing, TSA_URL=url)
        signing.file()
        checkpoints.sign(signing.installation)
        first = signing.installation.database.write(lambda session: log_work._claim(session, signing.now))
        assert (
            signing.installation.database.write(lambda session: log_work._claim(session, signing.now)) is None
        )
        # The first died: after its lease the stamp is asked for.
        signing.pass_time(minutes=5)
        assert run(signing).log.stamped == 1
        assert first is not None
    assert len(authority.asked) == 1
