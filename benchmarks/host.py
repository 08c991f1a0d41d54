"""The smallest host of the module under test: Flask, its own Flask-SQLAlchemy, one line."""

from __future__ import annotations

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from benchmarks.peers.bare import durable
from complaints import Complaints

# High enough never to answer, low enough to be counted each time.
PLENTY = "100000000/hour"


def create_app() -> Flask:
    app = Flask(__name__, instance_path=os.environ["BENCH_FOLDER"])
    app.config.update(
        SECRET_KEY="benchmark",
        SQLALCHEMY_DATABASE_URI=os.environ["BENCH_DATABASE"],
        COMPLAINTS_BASE_URL="http://127.0.0.1",
        COMPLAINTS_SCHEDULER=False,
        COMPLAINTS_LIMIT_FILINGS=PLENTY,
        COMPLAINTS_LIMIT_FILINGS_TOTAL=PLENTY,
    )
    db = SQLAlchemy(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", durable)
    Complaints(app, db=db)
    return app
