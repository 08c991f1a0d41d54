"""A host product for gunicorn: Flask-SQLAlchemy, the module mounted, the in-process clock on."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from complaints import Complaints

POLICY = """
extends = "cn-genai"
[provider]
name = "示例科技有限公司"
product = "灵犀助手"
role = "provider"
[contacts]
phone = "010-12345678"
mail = "complaints@example.cn"
compliance_name = "王合规"
compliance_mail = "compliance@example.cn"
"""


def create_app(folder: str | None = None, url: str | None = None) -> Flask:
    """The product in `folder`, on the database at `url`; gunicorn hands both over in the environment."""
    place = Path(folder or os.environ["PRODUCT_FOLDER"])
    policy = place / "policy.toml"
    if not policy.exists():
        policy.write_text(POLICY, encoding="utf-8")
    app = Flask("product", instance_path=str(place), root_path=str(place))
    app.config.update(
        SECRET_KEY="of this test",
        SQLALCHEMY_DATABASE_URI=url or os.environ["PRODUCT_DATABASE"],
        COMPLAINTS_BASE_URL="https://ai.example.cn",
        COMPLAINTS_POLICY_FILE=str(policy),
        COMPLAINTS_TICK_SECONDS=1,
    )
    db = SQLAlchemy(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _set_up)
    Complaints(app, db=db)
    return app


def _set_up(connection: object, record: object) -> None:
    del record
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()
