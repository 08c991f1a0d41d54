"""The floor: a bare Flask application with one four-field Flask-WTF form and one committed row."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from flask import Flask, redirect, render_template
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from jinja2 import DictLoader
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from wtforms import EmailField, StringField, SubmitField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Report</title></head><body>
<h1>Report</h1><form method="post">{{ form.hidden_tag() }}
{% for field in (form.subject, form.name, form.mail, form.text) %}
<p>{{ field.label }} {{ field() }}{% for error in field.errors %}<em>{{ error }}</em>{% endfor %}</p>
{% endfor %}<p>{{ form.send() }}</p></form></body></html>"""


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Report(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    name: Mapped[str]
    mail: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]


def _address(form, field):
    del form
    if "@" not in field.data:
        raise ValidationError("not an address")


class ReportForm(FlaskForm):
    subject = StringField("Subject", [DataRequired(), Length(max=100)])
    name = StringField("Name", [DataRequired(), Length(max=60)])
    mail = EmailField("Mail", [DataRequired(), _address])
    text = TextAreaField("Text", [DataRequired(), Length(max=5000)])
    send = SubmitField("Send")


def durable(connection, record):
    """What every contender on SQLite gets: a write is on disk when the answer leaves."""
    del record
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=15000")
    cursor.close()


def create_app() -> Flask:
    app = Flask(__name__)
    # Compiled once and kept, as a template file would be.
    app.jinja_loader = DictLoader({"report.html": PAGE})
    app.config.update(SECRET_KEY="benchmark", SQLALCHEMY_DATABASE_URI=os.environ["BENCH_DATABASE"])
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", durable)

    @app.route("/report", methods=["GET", "POST"])
    def report():
        form = ReportForm()
        if form.validate_on_submit():
            row = Report(
                subject=form.subject.data,
                name=form.name.data,
                mail=form.mail.data,
                text=form.text.data,
                at=datetime.now(UTC),
            )
            db.session.add(row)
            db.session.commit()
            return redirect(f"/done/{row.id}")
        return render_template("report.html", form=form)

    return app


if __name__ == "__main__":
    with create_app().app_context():
        db.create_all()
