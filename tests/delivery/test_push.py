from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import sys
import time

import pytest
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot
from installing import Office
from rooms import Robots, listening
from smtp import free_port

from complaints.base.errors import ConfigError
from complaints.base.settings import Settings
from complaints.delivery import push
from complaints.delivery.push import Rooms
from complaints.delivery.sending import DeliveryError

SECRET = "S3CR3T0F0URS"


@pytest.fixture
def robots():
    return Robots()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"nobody": "feishu://tok"}, "'nobody' is no audience; write operators, supervisors, compliance"),
        ({"operators": 5}, "COMPLAINTS_PUSH['operators'] must be an apprise address or a list"),
        ({"operators": ["feishu://tok", 5]}, "COMPLAINTS_PUSH['operators'] must be an apprise address"),
        ({"compliance": f"dingtalk://{SECRET}@"}, "COMPLAINTS_PUSH['compliance'], address 1"),
        ({"*": ["feishu://tok", f"wecom://{SECRET}"]}, "COMPLAINTS_PUSH['*'], address 2"),
        ({"operators": f"dingtalk://{SECRET}!!@x y"}, "dingtalk://SECRET@TOKEN, feishu://TOKEN"),
        ({"operators": f"jsons://u:{SECRET}@h.cn/?verify=no"}, "leave verify=no out"),
    ],
)
def test_a_wrong_address_is_refused_at_start_by_its_place_and_never_quoted(given, said, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ConfigError) as caught:
        Rooms.of(given)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value) + caplog.text


def test_the_addresses_of_the_robots_of_three_houses_are_taken_and_shown_nowhere(tmp_path):
    given = {
        "operators": f"dingtalk://{SECRET}@{SECRET}2",
        "supervisors": [f"feishu://{SECRET}", f"lark://{SECRET}"],
        "*": f"wecombot://{SECRET}",
    }
    rooms = Rooms.of(given)
    assert [len(rooms.named(each)) for each in ("operators", "supervisors", "compliance")] == [2, 3, 1]
    settings = Settings.from_mapping(
        {"SECRET_KEY": SECRET, "COMPLAINTS_PUSH": given, "COMPLAINTS_MAIL_PASSWORD": SECRET}, tmp_path
    )
    assert SECRET not in repr(rooms) + repr(settings) + str(rooms.named("operators"))


def test_without_the_extra_a_push_setting_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"flask-complaints\[push\]"):
        Rooms.of({"operators": "feishu://tok"})
    assert Rooms.of({}).named("operators") == []


def test_dingtalk_gets_a_signed_text(monkeypatch, robots):
    with listening(robots) as port:
        monkeypatch.setattr(
            NotifyDingTalk, "notify_url", f"http://127.0.0.1:{port}/robot/send?access_token={{token}}"
        )
        rooms = Rooms.of({"operators": f"dingtalk://{SECRET}@tokentoken"})
        rooms.send(rooms.named("operators")[0], "逾期2件", "TS1 应于12月7日（周一）前答复")
    assert robots.texts == ["逾期2件\r\nTS1 应于12月7日（周一）前答复"]
    asked = {name: values[0] for name, values in robots.queries[0].items()}
    signed = hmac.digest(SECRET.encode(), f"{asked['timestamp']}\n{SECRET}".encode(), hashlib.sha256)
    assert asked["access_token"] == "tokentoken"
    assert asked["sign"].replace("%2B", "+").replace("%2F", "/").replace("%3D", "=") == (
        base64.b64encode(signed).decode()
    )


def test_wecom_and_feishu_get_a_text_and_feishus_refusal_in_a_good_answer_counts(monkeypatch, robots):
    with listening(robots) as port:
        monkeypatch.setattr(NotifyWeComBot, "notify_url", f"http://127.0.0.1:{port}/send?key={{key}}")
        monkeypatch.setattr(NotifyFeishu, "notify_url", f"http://127.0.0.1:{port}/hook/{{token}}")
        rooms = Rooms.of({"operators": "wecombot://key", "supervisors": "feishu://token"})
        (wecom,), (feishu,) = rooms.named("operators"), rooms.named("supervisors")
        rooms.send(wecom, "逾期1件", "TS1")
        rooms.send(feishu, "逾期1件", "TS2")
        robots.answers = [{"code": 9499, "msg": "Bad Request"}]
        with pytest.raises(DeliveryError) as caught:
            rooms.send(feishu, "逾期1件", "TS3")
    assert robots.texts == ["逾期1件\r\nTS1", "逾期1件\r\nTS2"]
    assert (caught.value.reason, caught.value.fate) == ("PushRefused", "retry")


@pytest.mark.parametrize(
    ("status", "reason", "fate"),
    [
        (500, "PushRefused 500", "retry"),
        (503, "PushRefused 503", "retry"),
        (429, "PushRefused 429", "retry"),
        (408, "PushRefused 408", "retry"),
        (404, "PushRefused 404", "dead"),
        (403, "PushRefused 403", "dead"),
    ],
)
def test_what_a_room_answers_decides_whether_it_is_asked_again(robots, caplog, status, reason, fate):
    caplog.set_level(logging.DEBUG, "apprise")
    robots.answers = [status]
    with listening(robots) as port:
        rooms = Rooms.of({"operators": f"json://127.0.0.1:{port}/{SECRET}"})
        with pytest.raises(DeliveryError) as caught:
            rooms.send(rooms.named("operators")[0], "逾期1件", "TS1")
        rooms.send(rooms.named("operators")[0], "逾期1件", "TS1")
    assert (caught.value.reason, caught.value.fate) == (reason, fate)
    assert len(robots.messages) == 1
    assert SECRET not in caplog.text


def test_a_room_that_is_away_or_silent_holds_nobody_up(monkeypatch, robots):
    rooms = Rooms.of({"operators": f"json://127.0.0.1:{free_port()}/"})
    with pytest.raises(DeliveryError) as caught:
        rooms.send(rooms.named("operators")[0], "逾期1件", "TS1")
    assert (caught.value.reason, caught.value.fate) == ("PushRefused", "retry")
    monkeypatch.setattr(push, "SECONDS", 0.2)
    robots.slow.clear()
    with listening(robots) as port:
        # Its own timeout would be half an hour: ours comes first.
        rooms = Rooms.of({"operators": f"json://127.0.0.1:{port}/?rto=1800"})
        began = time.monotonic()
        with pytest.raises(DeliveryError) as caught:
            rooms.send(rooms.named("operators")[0], "逾期1件", "TS1")
        assert time.monotonic() - began < 5
    assert (caught.value.reason, caught.value.fate) == ("PushTimeout", "retry")


def test_another_thread_of_the_host_may_go_on_logging_through_apprise(caplog):
    caplog.set_level(logging.INFO, "apprise")
    with push._overhearing() as heard:
        logging.getLogger("apprise").info("ours, token %s", SECRET)
    logging.getLogger("apprise").info("the host's")
    assert heard == [f"ours, token {SECRET}"]
    assert [record.getMessage() for record in caplog.records] == ["the host's"]


def test_a_room_taken_out_of_the_settings_gets_nothing_more(tmp_path, engine):
    office = Office(engine, tmp_path, COMPLAINTS_PUSH={"operators": "feishu://token"})
    with pytest.raises(DeliveryError) as caught:
        office.installation.rooms.send("room:0123456789abcdef", "逾期1件", "TS1")
    assert (caught.value.reason, caught.value.fate) == ("NoAudience", "drop")
