"""Every fault of a policy file is named with file, key path and remedy; nothing else is ever raised."""

from __future__ import annotations

import copy
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints.base.errors import PolicyError
from complaints.policy.loading import PROFILES
from complaints.policy.profile import Policy, load


def problems_of(path):
    with pytest.raises(PolicyError) as caught:
        load(path)
    return caught.value.problems


FAULTS = [
    ("[provder]\nname = 'x'\n", "provder", "provider"),
    ("[types.billing]\nlable = {}\n", "types.billing.lable", "label"),
    ("[types.pi_request]\nrequired = ['name', 'details', 'mial']\n", "types.pi_request.required[2]", "mail"),
    ("[types.billing]\ngroup = 'servce'\n", "types.billing.group", "service"),
    ("[types.billing]\ndeadlines = 'genral'\n", "types.billing.deadlines", "general"),
    ("[types.billing]\nroutes = ['12315', '12378']\n", "types.billing.routes[1]", "12377"),
    ("[types.inaccurate]\nrisk_default = ['A9z']\n", "types.inaccurate.risk_default[0]", "Possible"),
    ("[types.billing]\nlabel = '退款'\n", "types.billing.label", "zh"),
    ("[types.billing]\nanonymous = 'yes'\n", "types.billing.anonymous", "true or false"),
    ("[types.billing]\nseverity = 'urgnt'\n", "types.billing.severity", "urgent"),
    ("[types.billing]\nrequired = ['order']\n", "types.billing", "Name it once"),
    ("[types.billing]\nrequired = ['details', 'name']\n", "types.billing.anonymous", "anonymous = false"),
    (
        "[types.billing]\nanonymous = false\ncontact_required = 'phone'\n",
        "types.billing.contact_required",
        "phone",
    ),
    ("[types.mine]\ngroup = 'content'\n", "types.mine.label", "zh"),
    ("[types.'a b']\n", "types.a b", "plain name"),
    ("[types.billing]\nenabled = 'no'\n", "types.billing.enabled", "false"),
    ("[deadlines.general.result]\namount = 1.5\n", "deadlines.general.result.amount", "digits"),
    ("[deadlines.general.result]\namount = '10'\n", "deadlines.general.result.amount", "digits"),
    ("[deadlines.general.result]\namount = true\n", "deadlines.general.result.amount", "digits"),
    ("[deadlines.general.result]\namount = -3\n", "deadlines.general.result.amount", "from 0"),
    (
        "[deadlines.general.result]\namount = 99999999999999999999\n",
        "deadlines.general.result.amount",
        "from 0",
    ),
    ("[deadlines.general.review]\namount = 0\n", "deadlines.general.review.amount", "1 or more"),
    ("[deadlines.general.result]\nunit = 'days'\n", "deadlines.general.result.unit", '"wd"'),
    ("[deadlines.general.accept]\namount = 24\nunit = 'h'\n", "deadlines.general.accept.unit", "24x7"),
    ("[deadlines.general.accept]\namount = 11\n", "deadlines.general.accept.amount", "at most 10"),
    (
        "duty = '24x7'\n[deadlines.general.result]\nunit = 'h'\n",
        "deadlines.general.result.cap_days",
        "Remove the cap",
    ),
    ("[deadlines.general]\nseverity = 5\n", "deadlines.general.severity", "severity.urgent]"),
    ("[deadlines.general.severity]\nhigh = 5\n", "deadlines.general.severity.high", "terms below"),
    (
        "[deadlines.general.severity.urgnt.result]\namount = 3\n",
        "deadlines.general.severity.urgnt",
        "urgent",
    ),
    (
        "[deadlines.general.severity.high.reslt]\namount = 3\n",
        "deadlines.general.severity.high.reslt",
        "result",
    ),
    (
        "[deadlines.general.severity.high.result]\namount = 0\n",
        "deadlines.general.severity.high.result.amount",
        "1 or more",
    ),
    (
        "[deadlines.general.severity.high.result]\namount = 9\nunit = 'h'\n",
        "deadlines.general.severity.high.result.unit",
        "24x7",
    ),
    (
        "[deadlines.general.severity.high.result]\namount = 1\n",
        "deadlines.general.severity.high.accept.amount",
        "at most 1",
    ),
    (
        "[deadlines.general.severity.high.outer]\namount = 1\n",
        "deadlines.general.severity.high.outer",
        "possible here",
    ),
    ("[deadlines.general.accept]\nlabel = 'law'\n", "deadlines.general.accept.basis", "practice"),
    ("[deadlines.general.accept]\npublish = false\n", "deadlines.general.accept.publish", "Remove"),
    ("[deadlines.general.acept]\namount = 1\n", "deadlines.general.acept", "accept"),
    ("[deadlines.general.review]\nenabled = false\n", "deadlines.general.review", "Add review"),
    ("[fields.mail]\nkind = 'text'\n", "fields.mail.kind", "email"),
    ("[fields.phone]\nenabled = false\n", "fields.phone", "leave it out of a type"),
    ("[fields.details]\nmax = 0\n", "fields.details.max", "1 or more"),
    ("[fields.link.choices]\na = { zh = '一', en = 'one' }\n", "fields.link.choices", "remove"),
    ("[outcomes.settled]\nlabel = { zh = '和解', en = 'Settled' }\n", "outcomes.settled", "decision_reasons"),
    (
        "[decision_reasons.verified]\noutcomes = ['uphld']\n",
        "decision_reasons.verified.outcomes[0]",
        "upheld",
    ),
    ("[actions.warn]\nfamily = 'users'\n", "actions.warn.family", "user"),
    ("[risk_classes.A1a]\ngroup = 'B1'\n", "risk_classes.A1a.group", "A1"),
    ("[routes.12377]\nurl = 'javascript:alert(1)'\n", "routes.12377.url", "https://"),
    ("[emergency]\nexit_url = 'example.com'\n", "emergency.exit_url", "https://"),
    ("[contacts]\nmail = 'not a mail address'\n", "contacts.mail", "complaints@example.com"),
    ("[contacts]\nhours_from = '9 Uhr'\n", "contacts.hours_from", "09:00"),
    ("[contacts]\nhours_to = '25:00'\n", "contacts.hours_to", "09:00"),
    ("[contacts]\nhours_to = '08:00'\n", "contacts.hours_to", "after hours_from"),
    ("[provider]\nrole = 'vendor'\n", "provider.role", "supporter"),
    (
        "[[models]]\nname = 'a'\nown = true\nvendor_mail = 'a@example.com'\n",
        "models[0].vendor_mail",
        "own = false",
    ),
    (
        "[[models]]\nname = 'a'\nvendor = 'b'\nvendor_mail = 'a'\n",
        "models[0].vendor_mail",
        "complaints@example.com",
    ),
    (
        "[[models]]\nname = 'a'\nown = true\nvendor_webhook = 'https://example.com/'\n",
        "models[0].vendor_webhook",
        "own = false",
    ),
    (
        "[[models]]\nname = 'a'\nvendor = 'b'\nvendor_webhook = 'http://example.com/'\n",
        "models[0].vendor_webhook",
        "https://",
    ),
    (
        "[[models]]\nname = 'a'\nvendor = 'b'\nvendor_webhook = 'https://me:secret@example.com/'\n",
        "models[0].vendor_webhook",
        "without a password",
    ),
    ("[provider]\nname = 5\n", "provider.name", "quotes"),
    ('[provider]\nname = "a\\u0000b"\n', "provider.name", "again"),
    ("[provider]\nduty = '24x7'\n", "provider.duty", "top of the file"),
    ("[[models]]\nown = true\n", "models[0].name", "Add name"),
    ("models = 'GPT'\n", "models", "square brackets"),
    ("duty = 'always'\n", "duty", "24x7"),
    ("calendar = 'us'\n", "calendar", "cn"),
    ("undo_seconds = 86400\n", "undo_seconds", "3600"),
    ("[retention]\nlog_months = 3\n", "retention.log_months", "from 6"),
    ("[review]\nwindow_days = 0\n", "review.window_days", "from 1"),
    ("types = 3\n", "types", "[types.name]"),
]


@pytest.mark.parametrize(
    ("text", "key", "remedy"), FAULTS, ids=[f"{key}: {remedy}" for _, key, remedy in FAULTS]
)
def test_a_fault_is_named_by_file_key_and_remedy(tmp_path, text, key, remedy):
    path = tmp_path / "mine.toml"
    path.write_text('extends = "cn-genai"\n' + text, encoding="utf-8")
    found = {one.key: one for one in problems_of(path)}
    assert key in found, list(found)
    assert found[key].file == str(path)
    assert remedy in found[key].remedy
    assert found[key].problem


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"extends = 'cn-genai\n", "not TOML"),
        ("extends = 'cn-genai'\n[provider]\nname = '某科技公司'\n".encode("gb18030"), "not UTF-8"),
        (b"[provider]\nname = 'x'\n", "builds on"),
        (b"extends = '../cn-genai'\n", "no such profile"),
        (b"extends = ['cn-genai']\n", "no such profile"),
        (b"x = " + b"[" * 100_000, "nests too deeply"),
        (b"x = " + b"9" * 5_000, "not TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_policy_error_too(tmp_path, raw, said):
    path = tmp_path / "mine.toml"
    path.write_bytes(raw)
    (only,) = problems_of(path)
    assert said in only.problem
    assert only.remedy


def test_a_missing_file_is_a_policy_error(tmp_path):
    (only,) = problems_of(tmp_path / "none.toml")
    assert "cannot be read" in only.problem


def test_all_faults_are_found_at_once_also_those_behind_an_unreadable_value(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        """
extends = "cn-genai"
duty = "x"
[provider]
nam = "a"
[types.other]
severity = 1
routes = ["12316"]
[types.pi_request]
required = ["name", "mial", "details"]
[types.mine]
group = "content"
[types.yours]
enabled = "perhaps"
[decision_reasons.verified]
types = ["mine", "nobody"]
""",
        encoding="utf-8",
    )
    found = [one.key for one in problems_of(path)]
    assert sorted(found) == [
        "decision_reasons.verified.types[1]",
        "duty",
        "outcomes.upheld",
        "provider.nam",
        "types.mine.hint",
        "types.mine.label",
        "types.mine.required",
        "types.other.routes[0]",
        "types.other.severity",
        "types.pi_request.required[1]",
        "types.yours.enabled",
        "types.yours.group",
        "types.yours.hint",
        "types.yours.label",
        "types.yours.required",
    ]


def reads_or_says_why(read):
    """The policy, or else problems that each say what is wrong and what to do."""
    policy, problems = None, ()
    try:
        policy = read()
    except PolicyError as error:
        problems = error.problems
    assert (policy is None) == bool(problems)
    assert all(one.problem and one.remedy for one in problems)
    if policy is not None:
        assert Policy.from_resolved(policy.resolved()) == policy
        assert policy.bytes
        policy.missing()
        policy.cautions()


SHIPPED = tomllib.loads((PROFILES / "cn-genai.toml").read_text(encoding="utf-8"))
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just([]), st.just({}),
    st.lists(st.one_of(st.text(max_size=5), st.integers()), max_size=3),
    st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=5), st.integers(), st.just({})), max_size=3),
)  # fmt: skip


def paths_of(value, path=()):
    yield path
    for key, one in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from paths_of(one, (*path, key))


def put(whole, path, junk):
    changed = copy.deepcopy(whole)
    place = changed
    for key in path[:-1]:
        place = place[key]
    if junk is None:
        del place[path[-1]]
    else:
        place[path[-1]] = junk
    return changed


RESOLVED = load().resolved()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(path=st.sampled_from([one for one in paths_of(RESOLVED) if one]), junk=JUNK)
def test_a_perturbed_published_policy_reads_or_says_why(path, junk):
    changed = put(RESOLVED, path, junk)
    reads_or_says_why(lambda: Policy.from_resolved(changed))


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(start=st.integers(0, 60_000), length=st.integers(0, 200), noise=st.binary(max_size=30))
def test_a_file_with_damaged_bytes_reads_or_says_why(tmp_path, start, length, noise):
    raw = (PROFILES / "cn-genai.toml").read_bytes()
    path = tmp_path / "mine.toml"
    path.write_bytes(raw[:start] + noise + raw[start + length :])
    reads_or_says_why(lambda: load(path))


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(path=st.sampled_from([one for one in paths_of(SHIPPED) if one]), junk=JUNK)
def test_a_provider_may_write_anything_over_a_table_and_is_told(monkeypatch, path, junk):
    changed = put(SHIPPED, path, junk)
    monkeypatch.setattr("complaints.policy.loading._parse", lambda *_: copy.deepcopy(changed))
    reads_or_says_why(load)
