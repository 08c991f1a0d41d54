"""A FastAPI product: the channel is a Flask app of its own, mounted below the product's routes."""

from __future__ import annotations

import os
import secrets

from a2wsgi import WSGIMiddleware
from fastapi import FastAPI
from flask import Flask
from pydantic import BaseModel

from complaints import Complaints

service = Flask(__name__, instance_path=os.environ.get("INSTANCE", os.path.abspath("instance")))
service.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
service.config["COMPLAINTS_BASE_URL"] = os.environ.get("BASE_URL", "https://ai.example.cn")
complaints = Complaints(service)

product = FastAPI()


class Question(BaseModel):
    question: str


@product.post("/ask")
def ask(asked: Question) -> dict[str, str]:
    answer = f"You asked: {asked.question}"  # your model
    with service.app_context():
        seal = complaints.seal_answer(
            prompt=asked.question, output=answer, model="m-1", answer_id=secrets.token_hex(8)
        )
    # Give the seal to the report button beside the answer.
    return {"answer": answer, "seal": seal}


# Last, because it takes every address that the product does not; the channel lies at /complaints/ in it.
product.mount("/", WSGIMiddleware(service))
