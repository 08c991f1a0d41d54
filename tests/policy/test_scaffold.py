"""The first complaints.toml loads as it is, changes nothing, and its examples work when uncommented."""

from __future__ import annotations

import dataclasses
import re
import tomllib

from complaints.policy.model import Contacts, Provider
from complaints.policy.profile import load
from complaints.policy.scaffold import starter


def written(tmp_path, text):
    path = tmp_path / "complaints.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_the_first_file_promises_exactly_what_the_profile_does(tmp_path):
    assert written(tmp_path, starter(load())) == load()


def test_its_examples_load_when_uncommented(tmp_path):
    text = re.sub(r"^#(?=[\[a-z])", "", starter(load()), flags=re.MULTILINE)
    policy = written(tmp_path, text)
    assert "agent_store" in policy.types
    assert "service" not in policy.types
    assert policy.models[0].vendor == "示例科技有限公司"
    usual = {key: one.terms for key, one in load().deadlines.items()}
    assert {key: one.terms for key, one in policy.deadlines.items()} == usual
    assert [one.name for one in policy.deadlines["general"].severity["high"]] == ["result"]


def test_what_is_known_is_filled_in_and_quoted(tmp_path):
    known = dataclasses.replace(
        load(),
        provider=Provider(name='某"引号"公司\\', product="产品{x}"),
        contacts=Contacts(mail="help@example.com", hours_from="08:30"),
        undo_seconds=120,
    )
    read = written(tmp_path, starter(known))
    assert read.provider == known.provider
    assert read.contacts == known.contacts


def test_everything_only_the_provider_can_say_has_its_line():
    tables = tomllib.loads(starter(load()))
    for gap in load().missing():
        table, _, key = gap.key.partition(".")
        assert gap.key == "models" or key in tables[table], gap.key


def test_its_lines_stay_short_enough_to_read():
    assert max(map(len, starter(load()).splitlines())) <= 160
