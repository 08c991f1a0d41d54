"""What the product registered and what the policy knows: said at start, and by doctor."""

from __future__ import annotations

import logging

import pytest
from office import Office, quick_passwords

from complaints.administration.callbacks import by_hand, strangers, warning
from complaints.administration.doctor import examine
from complaints.policy.profile import load


@pytest.mark.parametrize(
    ("registered", "found"),
    [
        ((), []),
        (("stop_generation", "warn"), []),
        (("stop_generatoin",), [("stop_generatoin", "stop_generation")]),
        (("xyzzy", "warn"), [("xyzzy", "")]),
    ],
)
def test_a_name_the_policy_does_not_have_is_told_with_the_nearest(registered, found):
    policy = load()
    assert list(strangers(registered, policy)) == found
    assert bool(warning(registered, policy)) == bool(found)
    assert all(
        name in warning(registered, policy) and near in warning(registered, policy) for name, near in found
    )


def test_what_nobody_registered_is_done_by_hand():
    left = by_hand({"warn"}, load())
    assert "warn" not in left
    assert {"stop_generation", "report_cac"} <= set(left)


@pytest.fixture
def mounted(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


def advice(mounted):
    with mounted.app.app_context():
        return [(each.level, each.what, each.remedy) for each in examine(mounted.installation)]


def test_doctor_names_a_callback_that_will_never_be_called(mounted):
    mounted.complaints.on_disposal("stop_generatoin")(print)
    mounted.complaints.on_disposal("warn")(print)
    found = [each for each in advice(mounted) if each[1].startswith("处置")]
    assert [(level, "stop_generatoin" in what, remedy) for level, what, remedy in found[:1]] == [
        ("fail", True, '应写作 on_disposal("stop_generation")')
    ]
    assert found[1][0] == "ok"
    assert "stop_generation" in found[1][1]
    assert "warn" not in found[1][1].split("、")


def test_the_first_request_says_it_once_in_the_log(mounted, caplog):
    mounted.complaints.on_disposal("stop_generatoin")(print)
    client = mounted.app.test_client()
    with caplog.at_level(logging.WARNING, logger="complaints.extension"):
        assert client.get("/complaints/").status_code == 200
        assert client.get("/complaints/").status_code == 200
    said = [each.getMessage() for each in caplog.records if each.name == "complaints.extension"]
    assert said == [
        "on_disposal: the policy has no action 'stop_generatoin' (did you mean 'stop_generation'?); such a callback is never called"
    ]
