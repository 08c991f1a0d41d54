"""A Flask product with an app factory: the channel shares the product's database and seals each answer."""

from __future__ import annotations

import os
import secrets

from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy

from complaints import Complaints

db = SQLAlchemy()
complaints = Complaints()


def create_app() -> Flask:
    app = Flask(__name__, instance_path=os.environ.get("INSTANCE", os.path.abspath("instance")))
    os.makedirs(app.instance_path, exist_ok=True)
    app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get("DATABASE_URL", "sqlite:///product.db")
    app.config["COMPLAINTS_BASE_URL"] = os.environ.get("BASE_URL", "https://ai.example.cn")
    db.init_app(app)
    complaints.init_app(app, db)

    @app.post("/ask")
    def ask():
        question = request.get_json()["question"]
        answer = f"You asked: {question}"  # your model
        seal = complaints.seal_answer(
            prompt=question, output=answer, model="m-1", answer_id=secrets.token_hex(8)
        )
        # Give the seal to the report button beside the answer.
        return jsonify(answer=answer, seal=seal)

    return app
