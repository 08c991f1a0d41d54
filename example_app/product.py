"""The product itself: one chat page that streams, seals each answer, and lets anyone report it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template, request, stream_with_context

from complaints import Complaints
from example_app import responder

MAX_PROMPT = 2000
PRODUCT = "小筑问答"
FILING_NO = "（演示）"
complaints = Complaints()


def create_app(instance: str | Path | None = None, **settings: Any) -> Flask:
    """The product as a Flask app; `settings` override the configuration."""
    folder = Path(instance) if instance else Path(__file__).resolve().parent.parent / "instance"
    folder.mkdir(parents=True, exist_ok=True)
    app = Flask(__name__, instance_path=str(folder.resolve()))
    app.config.update(
        SECRET_KEY=os.environ.get("SECRET_KEY") or _secret(folder / "secret_key"),
        SESSION_COOKIE_SAMESITE="Lax",
        COMPLAINTS_POLICY_FILE=str(Path(__file__).with_name("complaints.toml")),
        COMPLAINTS_BASE_URL=os.environ.get("EXAMPLE_BASE_URL", "http://127.0.0.1:5000"),
        COMPLAINTS_TEST_INSTALLATION=True,
    )
    app.config.update(settings)
    complaints.init_app(app)
    app.add_url_rule("/", view_func=chat, methods=["GET", "POST"])
    app.add_url_rule("/stream", view_func=stream, methods=["POST"])
    app.after_request(_headers)
    return app


def chat() -> str:
    """The chat page; without JavaScript a question is posted and the page comes back with its answer."""
    prompt, turn = request.form.get("prompt", "")[:MAX_PROMPT].strip(), None
    if prompt:
        turn = {"prompt": prompt, **_sealed(prompt, "".join(responder.answer(prompt)))}
    return render_template("example/chat.html", product=PRODUCT, source=responder.source(), turn=turn)


def stream() -> Response:
    """One answer as server-sent events: pieces of text, then the seal and the report button's form."""
    prompt = request.form.get("prompt", "")[:MAX_PROMPT].strip()

    def events() -> Iterator[str]:
        output = ""
        try:
            for piece in responder.answer(prompt):
                output += piece
                yield _event({"piece": piece})
        except OSError:
            yield _event({"fault": "模型暂时没有回答，请稍后再试。"})
            return
        yield _event({"report": render_template("example/_report.html", turn=_sealed(prompt, output) | {"prompt": prompt})})

    return Response(stream_with_context(events()), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _sealed(prompt: str, output: str) -> dict[str, str]:
    answer_id = secrets.token_hex(8)
    token = complaints.seal_answer(
        prompt=prompt, output=output, model=responder.source().name, answer_id=answer_id, filing_no=FILING_NO
    )
    return {"output": output, "answer_id": answer_id, "token": token}


def _event(data: dict[str, str]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _headers(response: Response) -> Response:
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        made = secrets.token_hex(32)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(made)
        return made
