"""Where answers come from: an OpenAI-compatible endpoint named in the environment, or a built-in responder.

The built-in one says on each answer that it is no model. It is there so that the demonstration runs offline.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60
PAUSE_SECONDS = 0.04
SILENT = "模型暂时没有回答。您的问题还在，请稍后再试。"
_CANNED = (
    (
        r"土豆|发芽",
        "发芽的土豆一般不建议吃。芽眼和发绿的部分龙葵素含量高，加热也不容易破坏，吃了可能恶心、头晕。",
    ),
    (r"首都|中国", "中国的首都是北京。"),
    (r"诗|写一首", "窗外一盏灯，照着未写完的信。\n风翻过一页，把名字留给清晨。"),
    (r"感冒|药|发烧", "多喝水、好好休息。用药请看说明书或者问医生、药师，我不能代替他们判断。"),
    (r"太阳|地球", "太阳绕着地球转，一圈是二十四小时。"),
    (
        r"你好|您好|你是谁",
        "您好，我是演示用的固定应答，不是模型。您可以问“太阳和地球谁绕着谁转”，再点“反映这条回答的问题”，试试投诉流程。",
    ),
    (r"hello|hi|hey", "Hello. I am the offline responder of this demonstration, not a model."),
)
_DEFAULT = "我记下了您的问题：“{prompt}”。这是演示用的固定应答，没有调用任何模型，内容不一定对。"


@dataclass(frozen=True)
class Source:
    """Which responder answers, as the page says it."""

    name: str
    label: str
    offline: bool


def source() -> Source:
    """The responder this process uses."""
    if os.environ.get("EXAMPLE_LLM_URL"):
        model = os.environ.get("EXAMPLE_LLM_MODEL", "model")
        return Source(model, model, offline=False)
    return Source("offline-demo", "离线演示应答 · 不是模型", offline=True)


def answer(prompt: str, history: Sequence[tuple[str, str]] = (), *, paced: bool = False) -> Iterator[str]:
    """The answer in pieces, as they come; raises OSError when the endpoint does not answer.

    `history` are earlier questions with their answers; `paced` lets the built-in responder take its time.
    """
    if source().offline:
        for piece in re.findall(r".{1,4}", canned(prompt), re.DOTALL):
            if paced:
                time.sleep(PAUSE_SECONDS)
            yield piece
    else:
        yield from _remote(prompt, history)


def canned(prompt: str) -> str:
    """The built-in answer; one of them is wrong on purpose, so that there is something to report."""
    for pattern, text in _CANNED:
        if re.search(pattern, prompt, re.IGNORECASE):
            return text
    return _DEFAULT.format(prompt=prompt.strip()[:60])


def _remote(prompt: str, history: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Stream from POST {EXAMPLE_LLM_URL}/chat/completions (server-sent events)."""
    address = urlsplit(os.environ["EXAMPLE_LLM_URL"].rstrip("/") + "/chat/completions")
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    if os.environ.get("EXAMPLE_LLM_KEY"):
        headers["Authorization"] = f"Bearer {os.environ['EXAMPLE_LLM_KEY']}"
    try:
        connection.request("POST", address.path, json.dumps(_body(prompt, history)), headers)
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise OSError(f"the model's endpoint answered {response.status}")
        said = False
        for line in response:
            piece = _piece(line.decode("utf-8", "replace").strip())
            if piece:
                said = True
                yield piece
        if not said:
            raise OSError("the model's endpoint sent no text")
    except http.client.HTTPException as error:
        raise OSError("the model's endpoint broke off") from error
    finally:
        connection.close()


def _body(prompt: str, history: Sequence[tuple[str, str]]) -> dict[str, object]:
    messages = [
        {"role": role, "content": text}
        for turn in (*history, (prompt, ""))
        for role, text in zip(("user", "assistant"), turn, strict=True)
        if text
    ]
    return {"model": os.environ.get("EXAMPLE_LLM_MODEL", "model"), "stream": True, "messages": messages}


def _piece(line: str) -> str:
    if not line.startswith("data:") or line.endswith("[DONE]"):
        return ""
    try:
        choices = json.loads(line.removeprefix("data:"))["choices"]
        return str(choices[0]["delta"].get("content") or "") if choices else ""
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        return ""
