"""The product itself: one chat page that streams, seals each answer, and lets anyone report it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    session,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as Reply

from complaints import CallbackRefused, Commission, Complaints
from example_app import blocking, responder, talks
from example_app.talks import Turn

PRODUCT = "小筑问答"
FILING_NO = "（演示）"
MAX_PROMPT = 2000
SUGGESTIONS = ("太阳和地球谁绕着谁转", "写一首关于清晨的小诗", "发芽的土豆还能吃吗", "感冒发烧该吃什么药")
RATINGS = ("unhelpful",)
DEMO_USER = "demo-user"

complaints = Complaints(complainant_loader=lambda: session.get("user"))


@complaints.on_disposal("stop_generation")
def stop(commission: Commission) -> str:
    """Block the reported answer in the product's own store; told twice, it is blocked once."""
    if not commission.answer_id:
        raise CallbackRefused("没有关联到本产品的回答，请按处置对象人工处理")
    fresh = blocking.block(_folder(), commission.answer_id, commission.event_id)
    return "已在产品中屏蔽这条回答" if fresh else "这条回答此前已屏蔽"


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
    app.add_url_rule("/handled", view_func=handled)
    app.add_url_rule("/rate", view_func=rate, methods=["POST"])
    app.add_url_rule("/new-talk", view_func=new_talk, methods=["POST"])
    app.add_url_rule("/sign-in", view_func=sign_in, methods=["POST"])
    app.add_url_rule("/sign-out", view_func=sign_out, methods=["POST"])
    app.after_request(_headers)
    return app


def chat() -> ResponseReturnValue:
    """The chat page; without JavaScript a question is posted and the page comes back with its answer."""
    prompt, turns, fault = _prompt(), _turns(), ""
    if prompt:
        try:
            output = "".join(responder.answer(prompt, _history(turns)))
        except OSError:
            fault = responder.SILENT
        else:
            talks.keep(_folder(), _talk(), _sealed(prompt, output))
            return redirect(url_for("chat", _anchor="newest"), 303)
    return render_template(
        "example/chat.html",
        product=PRODUCT,
        source=responder.source(),
        suggestions=SUGGESTIONS,
        turns=turns,
        gone=blocking.blocked(_folder(), turns),
        handled=blocking.HANDLED,
        fault=fault,
        unanswered=prompt if fault else "",
        user=session.get("user"),
    )


def stream() -> ResponseReturnValue:
    """One answer as server-sent events: pieces of text, then its report buttons; `gone` are answers to take away."""
    prompt, talk, turns = _prompt(), _talk(), _turns()

    def events() -> Iterator[str]:
        output, names = "", _names()
        sealer = complaints.answer_sealer(prompt=prompt, **names)
        yield _event({"id": names["answer_id"], "gone": sorted(blocking.blocked(_folder(), turns))})
        # What was stopped once is not shown for the second that it takes to write it.
        looking = blocking.suspected(_folder(), prompt)
        try:
            for piece in responder.answer(prompt, _history(turns), paced=True):
                output += piece
                sealer.feed(piece)
                if not looking:
                    yield _event({"piece": piece})
        except OSError:
            yield _event({"fault": responder.SILENT})
            return
        turn = Turn(id=names["answer_id"], prompt=prompt, output=output, token=sealer.seal())
        talks.keep(_folder(), talk, turn)
        gone = blocking.blocked(_folder(), [*turns, turn])
        if looking and turn["id"] not in gone:
            yield _event({"piece": output})
        before = [each for each in turns if each["id"] not in gone]
        below = "" if turn["id"] in gone else render_template("example/_below.html", turn=turn, before=before)
        yield _event({"below": below, "gone": sorted(gone)})

    if not prompt:
        return Response("the prompt is empty", status=400, mimetype="text/plain")
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return Response(stream_with_context(events()), mimetype="text/event-stream", headers=headers)


def handled() -> ResponseReturnValue:
    """Which answers of this talk were stopped, for a page that has been open meanwhile."""
    return {"gone": sorted(blocking.blocked(_folder(), _turns()))}


def rate() -> ResponseReturnValue:
    """A thumb down: the product's own business, and no complaint."""
    kind = request.form.get("kind", "")
    kept = kind in RATINGS and talks.rate(_folder(), _talk(), request.form.get("id", ""), kind)
    return "", 204 if kept else 404


def new_talk() -> Reply:
    """Begin a new talk."""
    session.pop("talk", None)
    return redirect(url_for("chat"), 303)


def sign_in() -> Reply:
    """Be the demonstration's one user, so that “my complaints” has something to show; a product asks for a password."""
    session["user"] = DEMO_USER
    return redirect(url_for("chat"), 303)


def sign_out() -> Reply:
    """Be nobody again."""
    session.pop("user", None)
    return redirect(url_for("chat"), 303)


def _prompt() -> str:
    # A suggestion's button sends its text beside the empty field.
    given = (text.strip() for text in request.form.getlist("prompt"))
    return next((text for text in given if text), "")[:MAX_PROMPT]


def _sealed(prompt: str, output: str) -> Turn:
    names = _names()
    token = complaints.seal_answer(prompt=prompt, output=output, **names)
    return Turn(id=names["answer_id"], prompt=prompt, output=output, token=token)


def _names() -> dict[str, Any]:
    """What the seal says of an answer beside its text."""
    return {
        "model": responder.source().name,
        "answer_id": secrets.token_hex(8),
        "filing_no": FILING_NO,
        "user_ref": session.get("user", ""),
    }


def _history(turns: list[Turn]) -> list[tuple[str, str]]:
    """What the model is told of the talk: nothing that was stopped."""
    gone = blocking.blocked(_folder(), turns)
    return [(turn["prompt"], turn["output"]) for turn in turns if turn["id"] not in gone]


def _folder() -> Path:
    return Path(current_app.instance_path)


def _talk() -> str:
    """This browser's talk; its name stands in the signed cookie of the session."""
    if "talk" not in session:
        session["talk"] = secrets.token_hex(16)
    return str(session["talk"])


def _turns() -> list[Turn]:
    return talks.turns(_folder(), session["talk"]) if "talk" in session else []


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _headers(response: Response) -> Response:
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    if request.endpoint in {"chat", "handled"}:
        # Going back must not show again what was stopped meanwhile.
        response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
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
