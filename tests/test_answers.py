"""Sealed answers by table: what each tampering, time, key and person gives, and that nothing else is ever raised."""

from __future__ import annotations

import base64
import itertools
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from complaints import answers
from complaints.base import keys
from complaints.base.errors import ComplaintsError, ConfigError, InputError, SealError
from complaints.base.ids import access_code, complaint_number

KEY, OTHER = b"k" * 32, b"o" * 32
HERE = "ai.example.cn"
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
OUTPUT, PROMPT = "太阳绕着地球转，\n一天一圈😀𠮷。", "太阳和地球，谁绕着谁转？"
SAID = {"model": "m-1", "answer_id": "a-1", "filing_no": "网信算备000号", "at": NOW, "user_ref": "user-7"}
TEXT = st.text(st.characters(), max_size=40)  # halves of surrogate pairs too


def sealed(key=KEY, audience=HERE, **changes):
    return answers.seal(key, audience, **{"output": OUTPUT, "prompt": PROMPT, **SAID, **changes})


def checked(token, keys=(KEY,), audience=HERE, **changes):
    given = {"output": OUTPUT, "prompt": PROMPT, "now": NOW, "days": 180, **changes}
    found = answers.check(keys, audience, token, **given)
    return found.mark, found.notes


def test_a_genuine_token_says_what_was_sealed():
    found = answers.read((OTHER, KEY), HERE, sealed())
    assert (found.answer_id, found.model, found.filing_no, found.at) == ("a-1", "m-1", "网信算备000号", NOW)
    assert found.of_user("user-7")
    assert not found.of_user("user-8")
    assert checked(sealed()) == ("verified", ())


TEXTS = {
    "nothing changed": ({}, "verified", ()),
    "the answer": ({"output": OUTPUT + "。"}, "altered", ("output_altered",)),
    "one character of the answer": (
        {"output": OUTPUT.replace("太阳", "月亮")},
        "altered",
        ("output_altered",),
    ),
    "the question": ({"prompt": "别的问题"}, "altered", ("prompt_altered",)),
    "both": ({"output": "一", "prompt": "二"}, "altered", ("output_altered", "prompt_altered")),
    "both turned round": (
        {"output": PROMPT, "prompt": OUTPUT},
        "altered",
        ("output_altered", "prompt_altered"),
    ),
    "no question": ({"prompt": ""}, "verified", ("prompt_missing",)),
    "no question, another answer": (
        {"prompt": " ", "output": "一"},
        "altered",
        ("output_altered", "prompt_missing"),
    ),
    "line ends of a form": ({"output": OUTPUT.replace("\n", "\r\n")}, "verified", ()),
    "line ends of an old machine": ({"output": OUTPUT.replace("\n", "\r")}, "verified", ()),
    "space around": ({"output": f"\r\n {OUTPUT}\u3000\n", "prompt": f"{PROMPT} "}, "verified", ()),
    "space within": ({"output": OUTPUT.replace("，", "， ")}, "altered", ("output_altered",)),
    "wide characters for narrow ones": (
        {"output": OUTPUT.replace("，", ",")},
        "altered",
        ("output_altered",),
    ),
    "old": ({"now": NOW + timedelta(days=180, seconds=1)}, "verified", ("expired",)),
    "old to the second": ({"now": NOW + timedelta(days=180)}, "verified", ()),
    "old, but nothing is too old": ({"now": NOW + timedelta(days=9999), "days": 0}, "verified", ()),
    "old and altered": (
        {"now": NOW + timedelta(days=181), "output": "一"},
        "altered",
        ("output_altered", "expired"),
    ),
    "its user": ({"user_ref": "user-7"}, "verified", ()),
    "another user": ({"user_ref": "user-8"}, "verified", ("other_user",)),
    "another user, altered": (
        {"user_ref": "user-8", "output": "一"},
        "altered",
        ("output_altered", "other_user"),
    ),
    "a former key": ({"keys": (OTHER, KEY)}, "verified", ()),
    "a key that was forgotten": ({"keys": (OTHER,)}, "unverified", ("unknown_key",)),
    "no keys": ({"keys": ()}, "unverified", ("unknown_key",)),
    "another installation": ({"audience": "other.example.cn"}, "unverified", ("foreign",)),
}


@pytest.mark.parametrize("case", TEXTS)
def test_each_difference_has_its_result(case):
    changes, mark, notes = TEXTS[case]
    assert checked(sealed(), **changes) == (mark, notes)


def test_a_question_that_was_never_sealed_is_vouched_for_by_nothing():
    bare = sealed(prompt="")
    assert checked(bare, prompt="") == ("verified", ())
    assert checked(bare) == ("unverified", ("prompt_unsealed",))
    assert checked(bare, output="一") == ("altered", ("output_altered", "prompt_unsealed"))


def test_a_seal_for_nobody_says_nothing_of_users():
    assert checked(sealed(user_ref=""), user_ref="user-8") == ("verified", ())


def layout():
    """Each class of bytes in a token."""
    sizes = {
        "key": 4,
        "audience": 8,
        "at": 8,
        "lengths": 4,
        "tag": 16,
        "output": 24,
        "prompt": 24,
        "user": 16,
    }
    at, parts = 0, {}
    for name, size in sizes.items():
        parts[name], at = range(at, at + size), at + size
    return {**parts, "names": range(at, at + len("a-1m-1网信算备000号".encode()))}


REASONS = {"key": "unknown_key", "audience": "foreign"}


@pytest.mark.parametrize("part", layout())
@pytest.mark.parametrize("bit", [1, 0x80])
def test_each_flipped_bit_of_each_byte_ends_the_seal(part, bit):
    raw = base64.urlsafe_b64decode(sealed()[3:] + "==")
    for place in layout()[part]:
        damaged = bytearray(raw)
        damaged[place] ^= bit
        token = "a2." + base64.urlsafe_b64encode(damaged).rstrip(b"=").decode()
        assert checked(token) == ("unverified", (REASONS.get(part, "forged"),)), place


def test_of_a_token_every_beginning_and_every_longer_one_is_refused():
    token = sealed()
    assert {checked(token[:length])[0] for length in range(len(token))} == {"unverified"}
    assert checked("")[1] == ("unsealed",)
    assert checked(token[:-1])[1] in {("damaged",), ("forged",)}
    for more in ("=", "A", "AAAA", " ", ".", "\n", "é", token):
        assert checked(token + more)[0] == "unverified", more


def test_of_all_spellings_of_the_same_bytes_only_one_is_believed():
    token = next(each for n in range(9) if len(each := sealed(model="m" * n)) % 4 != 3)
    raw = base64.urlsafe_b64decode(token[3:] + "==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twins = [
        token[:-1] + last for last in alphabet if base64.urlsafe_b64decode(token[3:-1] + last + "==") == raw
    ]
    assert len(twins) > 1
    assert [each for each in twins if checked(each)[0] == "verified"] == [token]
    assert checked(token[:20] + "*" + token[20:]) == ("unverified", ("damaged",))


STRANGERS = {
    "a CSRF token": URLSafeSerializer("secret", salt="wtf-csrf-token").dumps(secrets.token_hex(20)),
    "a form's hidden part": URLSafeSerializer("secret", salt="complaints.filing").dumps({"secret": "s"}),
    "an access code": access_code(KEY, complaint_number(NOW.date()), "s" * 32),
    "a complaint's number": complaint_number(NOW.date()),
    "a web token without a signature": "eyJhbGciOiJub25lIn0.eyJvdXRwdXQiOiJ4In0.",
    "another version": "a3." + sealed()[3:],
    "the version before": "a1.WyJhaS5leGFtcGxlLmNuIl0.c2VhbA",
    "our version alone": "a2.",
    "a very long one": "a2." + "A" * 100_000,
    "strange letters": "a2." + "封" * 200,
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_what_was_made_for_another_purpose_is_no_seal(kind):
    assert checked(STRANGERS[kind]) == ("unverified", ("damaged",))
    with pytest.raises(SealError, match="damaged"):
        answers.read((KEY,), HERE, STRANGERS[kind])


def test_a_seal_signed_by_a_stranger_with_our_key_id_is_forged():
    raw = base64.urlsafe_b64decode(sealed(OTHER)[3:] + "==")
    ours = base64.urlsafe_b64decode(sealed()[3:] + "==")
    for place in (4, 24, 40):
        forged = "a2." + base64.urlsafe_b64encode(ours[:place] + raw[place:]).rstrip(b"=").decode()
        assert checked(forged) == ("unverified", ("forged",))


def test_a_token_is_as_long_for_a_book_as_for_a_word_and_fits_an_address():
    lengths = {
        len(sealed(output=output, prompt=prompt))
        for output in ("", "一", "书" * 200_000)
        for prompt in ("一", "问" * 9)
    }
    assert len(lengths) == 1
    assert len(sealed(answer_id="号" * 120, model="型" * 500, filing_no="备" * 500)) <= 2000
    assert set(sealed()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_nothing_in_a_token_can_be_guessed_from_it():
    """Equal questions, answers and users look different wherever anything else differs."""
    one, two = (base64.urlsafe_b64decode(sealed(answer_id=name)[3:] + "==") for name in ("a-1", "a-2"))
    for part in ("tag", "output", "prompt", "user"):
        place = layout()[part]
        assert one[place.start : place.stop] != two[place.start : place.stop]
    assert b"user-7" not in one


def test_the_same_answer_is_sealed_to_the_same_token_and_any_other_to_another():
    changes = [
        {},
        {"output": "一"},
        {"prompt": "一"},
        {"prompt": ""},
        {"model": "m"},
        {"answer_id": "-1", "model": "am-1"},
        {"filing_no": ""},
        {"at": NOW + timedelta(microseconds=1)},
        {"user_ref": "user-8"},
        {"user_ref": ""},
        {"key": OTHER},
        {"audience": "other.example.cn"},
    ]
    assert sealed() == sealed()
    assert len({sealed(**each) for each in changes}) == len(changes)


def test_an_answer_is_known_again_by_its_id_or_else_by_itself():
    def identity(**changes):
        return answers.read((KEY, OTHER), HERE, sealed(**changes)).identity

    assert identity() == identity(output="改了", user_ref="user-8", key=OTHER)
    assert identity() != identity(answer_id="a-2")
    assert identity(answer_id="") == identity(answer_id="")
    assert identity(answer_id="") != identity(answer_id="", output="改了")


@given(TEXT, TEXT, st.lists(st.integers(0, 40), max_size=8))
def test_however_an_answer_is_cut_into_pieces_its_token_is_that_of_the_whole(output, prompt, cuts):
    spaced = output.replace("a", "\r\n").replace("0", " \r")
    sealer = answers.Sealer(KEY, HERE, prompt=prompt, **SAID)
    for begin, end in itertools.pairwise([0, *sorted(min(cut, len(spaced)) for cut in cuts), len(spaced)]):
        sealer.feed(spaced[begin:end])
    assert sealer.seal() == sealed(output=spaced, prompt=prompt)


PIECES = {
    "a line end cut in two": ["一\r", "\n二"],
    "space before and after": [" ", "\n", " 一 ", "二", " ", "\r", "\n "],
    "space alone": [" ", "\n", ""],
    "nothing": [],
    "a pair cut in two": ["\ud83d", "\ude00"],
    "character by character": list(f"\n{OUTPUT}\r\n\r\n{OUTPUT}\x00 "),
}


@pytest.mark.parametrize("case", PIECES)
def test_pieces_that_end_where_it_hurts_give_the_token_of_the_whole(case):
    sealer = answers.Sealer(KEY, HERE, prompt=PROMPT, **SAID)
    for piece in PIECES[case]:
        sealer.feed(piece)
    assert sealer.seal() == sealed(output="".join(PIECES[case]))
    assert sealer.seal() == sealer.seal(), "asking again changes nothing"


def test_what_was_fed_so_far_can_be_sealed_when_a_stream_breaks():
    sealer = answers.Sealer(KEY, HERE, prompt=PROMPT, **SAID)
    sealer.feed("太阳绕着")
    assert checked(sealer.seal(), output="太阳绕着") == ("verified", ())
    sealer.feed("地球转")
    assert checked(sealer.seal(), output="太阳绕着地球转") == ("verified", ())


WRONG = {
    "an answer that is no text": {"output": None},
    "bytes": {"output": b"x"},
    "a question that is no text": {"prompt": 7},
    "an id that is no text": {"answer_id": 7},
    "an id that would have to be cut": {"answer_id": "x" * 121},
    "a user that is no text": {"user_ref": 7},
    "a time without its zone": {"at": datetime(2026, 1, 1)},  # noqa: DTZ001 - that is what is refused
    "a time that is a text": {"at": "2026-01-01"},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_sealed_is_said_by_name(case):
    [name] = WRONG[case]
    with pytest.raises(InputError, match=f"^{name}: "):
        sealed(**WRONG[case])
    if name == "output":
        with pytest.raises(InputError, match=r"^output: "):
            answers.Sealer(KEY, HERE).feed(WRONG[case][name])
        with pytest.raises(InputError, match=r"^output: "):
            checked(sealed(), **WRONG[case])


@given(TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, st.datetimes(timezones=st.just(UTC)) | st.datetimes() | st.none())
def test_whatever_is_sealed_verifies_or_is_refused_by_an_error_of_ours(
    output, prompt, model, answer_id, number, user, at
):
    try:
        token = answers.seal(
            KEY,
            HERE,
            output=output,
            prompt=prompt,
            model=model,
            answer_id=answer_id,
            filing_no=number,
            at=at,
            user_ref=user,
        )
    except ComplaintsError:
        assert at is not None
        return
    found = answers.check((KEY,), HERE, token, output=output, prompt=prompt, user_ref=user)
    assert (found.mark, found.notes) == ("verified", ())


@given(
    st.one_of(
        TEXT,
        TEXT.map("a2.".__add__),
        st.binary(max_size=200).map(lambda raw: "a2." + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()),
    ),
    TEXT,
    TEXT,
    TEXT,
)
def test_no_token_makes_checking_raise_or_believe(token, output, prompt, user):
    found = answers.check((KEY,), HERE, token, output=output, prompt=prompt, user_ref=user, days=1)
    assert found.mark == "unverified"
    assert found.sealed is None
    with pytest.raises(SealError):
        answers.read((KEY,), HERE, token)


def test_former_keys_come_from_a_file_by_line_or_a_variable_by_comma(tmp_path):
    keys.create_missing(tmp_path, {})
    former, oldest = (base64.b64encode(each).decode() for each in (KEY, OTHER))
    assert keys.load(tmp_path, {}).sealers == (keys.load(tmp_path, {}).answers,)
    (tmp_path / "answers.previous.key").write_text(f"{former}\n{oldest}\n", encoding="ascii")
    found = keys.load(tmp_path, {})
    assert found.sealers == (found.answers, KEY, OTHER)
    assert repr(KEY) not in repr(found)
    name = "COMPLAINTS_KEY_ANSWERS_PREVIOUS"
    assert keys.load(tmp_path, {name: f"{oldest}, {former}"}).answers_previous == (OTHER, KEY)
    with pytest.raises(ConfigError, match="answers_previous is not base64"):
        keys.load(tmp_path, {name: "x"})
