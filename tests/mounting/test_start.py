from __future__ import annotations

import logging
import sqlite3
import stat

import pytest
from hosting import TYPED, file, filed_texts, host, ready, run

from complaints import Complaints, ConfigError, PolicyError
from complaints.base.keys import PURPOSES, variable


def test_a_host_without_anything_gets_an_embedded_database(app):
    Complaints(app)
    ready(app)

    assert file(app.test_client()).status_code == 303
    assert filed_texts(app) == [TYPED]
    connection = sqlite3.connect(f"{app.instance_path}/complaints/complaints.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_init_app_does_the_same_as_the_constructor(app):
    extension = Complaints()
    extension.init_app(app)
    ready(app)

    assert app.test_client().get("/complaints/").status_code == 200


def test_mounting_twice_on_one_app_is_refused(app):
    extension = Complaints(app)
    with pytest.raises(RuntimeError, match="already mounted"):
        extension.init_app(app)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"SECRET_KEY": None}, ["SECRET_KEY", "token_hex"]),
        ({"SECRET_KEY": ""}, ["SECRET_KEY"]),
        ({"COMPLAINTS_URL_PREFX": "/tell"}, ["COMPLAINTS_URL_PREFX", "did you mean COMPLAINTS_URL_PREFIX"]),
        ({"COMPLAINTS_COLOUR": "red"}, ["COMPLAINTS_COLOUR", "settings table"]),
        ({"COMPLAINTS_TICK_SECONDS": "soon"}, ["COMPLAINTS_TICK_SECONDS", "int"]),
        ({"COMPLAINTS_SCHEDULER": "perhaps"}, ["COMPLAINTS_SCHEDULER", "bool"]),
        ({"COMPLAINTS_URL_PREFIX": "complaints"}, ["COMPLAINTS_URL_PREFIX", "slash"]),
        ({"COMPLAINTS_BASE_URL": "ai.example.cn"}, ["COMPLAINTS_BASE_URL", "https://"]),
        ({"COMPLAINTS_WEBHOOK_NETWORKS": "intranet"}, ["COMPLAINTS_WEBHOOK_NETWORKS", "10.1.0.0/16"]),
    ],
)
def test_a_wrong_setting_is_an_error_at_start_that_names_it_and_what_to_write(apps, config, words):
    app = apps(**config)
    with pytest.raises(ConfigError) as caught:
        Complaints(app)
    for word in words:
        assert word in str(caught.value)


def test_a_broken_policy_file_is_an_error_at_start_that_names_file_key_and_remedy(app, tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text('extends = "cn-genai"\n[provider]\nrole = "king"\n', encoding="utf-8")
    app.config["COMPLAINTS_POLICY_FILE"] = str(broken)
    with pytest.raises(PolicyError) as caught:
        Complaints(app)
    for word in ("broken.toml", "provider.role", "supporter"):
        assert word in str(caught.value)


def test_a_policy_file_that_is_not_there_is_an_error_at_start(app, tmp_path):
    app.config["COMPLAINTS_POLICY_FILE"] = str(tmp_path / "nowhere.toml")
    with pytest.raises(PolicyError, match=r"nowhere\.toml"):
        Complaints(app)


def test_two_apps_in_one_process_share_nothing(apps):
    extension = Complaints()
    first = apps("first", product="灵犀助手")
    second = apps("second", product="百川画师", COMPLAINTS_URL_PREFIX="/tousu")
    for app in (first, second):
        extension.init_app(app)
        ready(app)

    assert file(second.test_client(), "/tousu").status_code == 303

    assert filed_texts(first) == []
    assert filed_texts(second) == [TYPED]
    assert first.extensions["complaints"].keys != second.extensions["complaints"].keys
    here, there = first.test_client().get("/complaints/").text, second.test_client().get("/tousu/").text
    assert "灵犀助手" in here
    assert "百川画师" not in here
    assert "百川画师" in there
    assert first.test_client().get("/tousu/").status_code == 404


def test_init_writes_keys_that_only_their_owner_can_read_and_keeps_them(app):
    Complaints(app)
    ready(app)
    folder = app.extensions["complaints"].settings.keys_folder
    written = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert set(written) == {f"{purpose}.key" for purpose in PURPOSES}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    ready(app)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == written


@pytest.mark.parametrize("way", ["environment", "setting"])
def test_keys_may_come_from_the_environment_or_a_setting_so_that_pods_share_them(apps, monkeypatch, way):
    import base64

    given = {
        variable(purpose): base64.b64encode(bytes([n]) * 32).decode() for n, purpose in enumerate(PURPOSES)
    }
    app = apps(**(given if way == "setting" else {}))
    if way == "environment":
        for name, value in given.items():
            monkeypatch.setenv(name, value)
    Complaints(app)
    ready(app)

    assert app.extensions["complaints"].keys.data == bytes(32)
    folder = app.extensions["complaints"].settings.keys_folder
    assert not list(folder.glob("*.key"))


def test_without_keys_the_first_request_and_doctor_say_what_to_do(apps, caplog):
    app = apps(TESTING=False, COMPLAINTS_SCHEDULER=False)
    Complaints(app)

    with caplog.at_level(logging.ERROR, "complaints"):
        answer = app.test_client().get("/complaints/")

    assert answer.status_code == 503
    assert "flask complaints init" in caplog.text
    assert "flask complaints init" not in answer.text
    assert "flask complaints init" in run(app, "doctor", code=1)
    # init itself runs without keys
    assert "wrote data" in run(app, "init")
    assert app.test_client().get("/complaints/").status_code == 200


def test_with_testing_on_missing_keys_are_made_with_a_warning(app):
    Complaints(app)
    with app.app_context(), pytest.warns(RuntimeWarning, match="made new keys"):
        assert app.extensions["complaints"].keys.data


def test_init_writes_a_policy_file_to_fill_in_that_loads(apps, tmp_path):
    app = apps()
    del app.config["COMPLAINTS_POLICY_FILE"]
    Complaints(app)
    run(app, "init")

    again = host(tmp_path / "instance")
    del again.config["COMPLAINTS_POLICY_FILE"]
    Complaints(again)
    assert again.extensions["complaints"].settings.policy_path == tmp_path / "instance" / "complaints.toml"
    assert "#" in (tmp_path / "instance" / "complaints.toml").read_text(encoding="utf-8")
    # Until a named person publishes, it is a trial run.
    assert "policy publish" in run(app, "doctor", code=1)


def test_public_pages_say_trial_run_until_a_named_person_publishes(apps):
    app = apps(TESTING=False, COMPLAINTS_SCHEDULER=False)
    Complaints(app)
    ready(app)
    assert "试运行" in app.test_client().get("/complaints/").text

    run(app, "policy", "publish", "--by", "王合规", "--yes")

    assert "试运行" not in app.test_client().get("/complaints/").text
