"""The parts of pages: labels tied to fields, errors said twice in the same words, nothing inline, nothing unescaped."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from wtforms import EmailField, Form, MultipleFileField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired

from complaints.base.translations import gettext, speaking
from complaints.policy.states import STATES, State

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
OWN = ("_icons", "_macros", "_head", "_language", "_contacts", "_footer", "base", "admin/base")


class Filing(Form):
    text = TextAreaField("What happened", [DataRequired("Tell us what happened")], description="What you saw")
    mail = EmailField("Mail address")
    who = RadioField("Who are you", choices=["self", "guardian"])
    kind = SelectField("Risk class", choices=["a", "b"])
    files = MultipleFileField("Files")
    other = StringField("Other")


@pytest.fixture
def render():
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True, auto_reload=False
    )

    def _render(source: str, lang: str = "en", *, trial: bool = False, **values: object) -> str:
        shown = SimpleNamespace(states=STATES, trial=trial, url=lambda name: f"/{name}")
        head = '{% import "complaints/_macros.html" as ui with context %}'
        with speaking(lang):
            return environment.from_string(head + source).render(
                t=gettext, lang=lang, complaints=shown, **values
            )

    return _render


@pytest.fixture
def form() -> Filing:
    found = Filing()
    found.validate()
    return found


def test_a_wrong_answer_is_named_in_the_title_in_the_summary_and_beside_the_field(render, form) -> None:
    title = render('{{ ui.title("Details", form) }}', form=form)
    summary = render('{{ ui.heading("Details", errors=form) }}', form=form)
    field = render("{{ ui.field(form.text) }}", form=form)

    assert title.strip() == "Error: Details"
    assert '<a href="#text">Tell us what happened</a>' in summary
    assert summary.index("data-cmp-errors") < summary.index("<h1>")
    assert 'aria-describedby="text-hint text-error"' in field
    assert re.search(r'id="text-error">.*Tell us what happened', field, re.DOTALL)


def test_without_errors_there_is_no_summary_and_no_mark(render) -> None:
    form = Filing()

    assert "cmp-errors" not in render('{{ ui.heading("Details", errors=form) }}', form=form)
    assert render('{{ ui.title("Details", form) }}', form=form).strip() == "Details"
    assert "aria-invalid" not in render("{{ ui.field(form.text) }}", form=form)


def test_an_error_of_the_whole_form_has_no_link(render) -> None:
    form = Filing()
    form.form_errors = ["Number or code is not right"]

    assert "<li>Number or code is not right</li>" in render("{{ ui.error_summary(form) }}", form=form)


@pytest.mark.parametrize("name", ["text", "mail", "kind", "other"])
def test_a_field_has_its_own_label(render, name) -> None:
    html = render("{{ ui.field(form[name]) }}", form=Filing(), name=name)

    assert f'<label class="cmp-label" for="{name}">' in html
    assert f'id="{name}"' in html


@pytest.mark.parametrize("name", ["who", "files"])
def test_a_group_has_a_legend_and_each_part_an_id_of_its_own(render, name) -> None:
    html = render("{{ ui.field(form[name]) }}", form=Filing(), name=name)
    ids = re.findall(r'<input[^>]* id="([^"]+)"', html)

    assert "<legend" in html
    assert ids[0] == name  # the error summary links here
    assert len(ids) == len(set(ids)) > 1


def test_what_people_write_is_escaped_and_kept(render) -> None:
    form = Filing(data={"text": '</textarea><script>"x"', "other": '" onclick="x', "who": "guardian"})
    html = render("{{ ui.field(form.text) }}{{ ui.field(form.other) }}{{ ui.field(form.who) }}", form=form)

    assert "<script" not in html
    assert 'onclick="x' not in html
    assert "&lt;/textarea&gt;&lt;script&gt;" in html
    assert re.search(r'value="guardian" checked', html)


def test_kept_files_can_be_dropped_one_by_one(render) -> None:
    kept = [{"name": "<b>.png", "size": "1 MB", "token": "k1"}]
    html = render("{{ ui.field(form.files, kept=kept) }}", form=Filing(), kept=kept)

    assert 'name="files_drop" value="k1"' in html
    assert "&lt;b&gt;.png" in html
    assert html.count('type="file"') == 4
    assert "multiple" not in html  # web views of chat apps agree only on single inputs


@pytest.mark.parametrize("state", list(State))
def test_each_state_is_a_word_and_a_shape_of_its_own(render, state) -> None:
    html = render("{{ ui.status(state) }}", "zh", state=state)

    assert STATES[state].label("zh") in html
    assert render('{{ ui.icon("no such icon") }}') not in html
    shapes = [
        re.sub(r".*?<svg[^>]*>", "", render("{{ ui.icon(STATES[s].icon) }}", s=s, STATES=STATES))
        for s in State
    ]
    assert len(set(shapes)) == len(shapes)


def test_lateness_is_said_in_words_and_by_a_shape(render) -> None:
    html = render(
        '{{ ui.due("12月7日（周一）", late=true) }}{{ ui.due("12月8日（周二）", warn=true) }}', "zh"
    )

    assert "已超期" in html
    assert "即将到期" in html
    assert html.count("<svg") == 2


def test_the_trial_run_is_said_above_the_heading(render) -> None:
    assert "试运行" in render('{{ ui.heading("x") }}', "zh", trial=True)
    assert "试运行" not in render('{{ ui.heading("x") }}', "zh")


@pytest.mark.parametrize("name", OWN)
def test_nothing_is_inline_in_the_shared_templates(name) -> None:
    source = (TEMPLATES / "complaints" / f"{name}.html").read_text("utf-8")
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)

    assert re.findall(r"\sstyle=|<style|\son[a-z]+=|javascript:|<script(?! src=)", source) == []


@pytest.mark.parametrize("name", OWN)
def test_each_english_sentence_of_the_frames_has_its_chinese(name) -> None:
    source = (TEMPLATES / "complaints" / f"{name}.html").read_text("utf-8")
    sentences = set(re.findall(r"""\bt\((["'])(.+?)\1""", source))
    with speaking("zh"):
        missing = [words for _, words in sentences if gettext(words) == words]

    assert missing == []
