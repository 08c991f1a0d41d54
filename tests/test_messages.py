from __future__ import annotations

import gettext

import messages


def test_every_sentence_has_its_chinese():
    assert messages.untranslated() == {}


def test_the_compiled_catalogue_is_the_written_one():
    with (
        messages.CATALOGUE.open("rb") as written,
        messages.CATALOGUE.with_suffix(".mo").open("rb") as compiled,
    ):
        expected = {message.id: message.string for message in messages.read_po(written) if message.id}
        catalogue = gettext.GNUTranslations(compiled)
    assert {text: catalogue.gettext(text) for text in expected} == expected


def test_placeholders_of_both_languages_are_the_same():
    import re

    field = re.compile(r"{(\w+)")
    with messages.CATALOGUE.open("rb") as file:
        uneven = {
            message.id: message.string
            for message in messages.read_po(file)
            if message.id and set(field.findall(message.id)) != set(field.findall(message.string))
        }
    assert uneven == {}


def test_the_chinese_keeps_its_voice():
    with messages.CATALOGUE.open("rb") as file:
        loud = [
            message.string
            for message in messages.read_po(file)
            if message.id and any(word in message.string for word in ("！", "你", "工单", "闭环", "SLA"))
        ]
    assert loud == []
