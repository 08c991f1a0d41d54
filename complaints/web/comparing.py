"""What a page says the AI said, compared with its seal and, where the host can load it, with the host's record."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from complaints import answers
from complaints.administration.installation import Installation
from complaints.answers import Checked
from complaints.base.texts import whole
from complaints.cases.reported import Answer, Turn

T = TypeVar("T")
_log = logging.getLogger("complaints")
_LONGEST_TOKEN, _LONGEST_MODEL = 2000, 80


@dataclass(frozen=True)
class Record:
    """What the host says an answer was; `turns` is None where it says nothing of them."""

    output: str
    prompt: str
    model: str
    turns: Sequence[Any] | None

    @classmethod
    def of(cls, found: Any) -> Record | None:
        """What a host's loader gave; None for what is no answer. Raises whatever strange values raise."""
        if not isinstance(found, Mapping) or not isinstance(found.get("output"), str) or not found["output"]:
            return None
        prompt, model = (whole(str(found.get(name) or "")) for name in ("prompt", "model"))
        turns = found.get("turns")
        return cls(
            whole(found["output"]), prompt, model, list(turns) if isinstance(turns, Sequence) else None
        )


@dataclass(frozen=True)
class Reported:
    """What is reported; `answer` is None without a text, `turns` are those the reporter may send along."""

    answer: Answer | None
    turns: tuple[Turn, ...] = ()


def asking(installed: Installation) -> str:
    """Who asks, as the host names its signed-in users; nothing in a dialog or at the interface, which read no cookie."""
    return _asked(installed.hooks.complainant, lambda found: str(found or "")) or ""


def compare(
    installed: Installation,
    token: str,
    output: str,
    prompt: str,
    limit: int,
    turns: str = "",
    *,
    user: str = "",
) -> Reported:
    """Compare whole texts with their seal, then keep up to `limit` characters of each.

    Where the host can load the answer itself its text counts and not the page's, but for an answer that was
    sealed for a user: of that only its user is shown anything that the page did not bring. `turns` is JSON, a list of
    {"prompt", "output", "token"}; `user` is who asks, where that is known.
    """
    checked = _check(installed, token, output, prompt, user)
    notes: tuple[str, ...] = ()
    loaded = _loaded(installed, checked, user)
    if loaded is not None:
        notes = ("loaded", "page_differed") if output.strip() and checked.mark == "altered" else ("loaded",)
        output, prompt = loaded.output, loaded.prompt
        checked = _check(installed, token, output, prompt, user)
    said = loaded.turns if loaded is not None else None
    context = _turns(installed, _parsed(turns) if said is None else said, limit)
    if not output.strip() or not limit:
        return Reported(None, context)
    if len(output) > limit or len(prompt) > limit:
        notes = (*notes, "cut")
    sealed = checked.sealed
    answer = Answer(
        output[:limit],
        prompt[:limit],
        mark=checked.mark,
        token=token[:_LONGEST_TOKEN],
        notes=(*checked.notes, *notes),
    )
    if sealed is None:
        return Reported(answer, context)
    named = {
        "model": sealed.model or (loaded.model[:_LONGEST_MODEL] if loaded is not None else ""),
        "answer_id": sealed.answer_id,
        "filing_no": sealed.filing_no,
        "at": f"{sealed.at:%Y-%m-%dT%H:%M:%SZ}",
        "identity": sealed.identity,
    }
    return Reported(Answer(**{**vars(answer), **named}), context)


def _check(installed: Installation, token: str, output: str, prompt: str, user: str) -> Checked:
    settings = installed.settings
    return answers.check(
        installed.keys.sealers,
        settings.origin,
        token,
        output=output,
        prompt=prompt,
        user_ref=user,
        now=installed.now(),
        days=settings.ANSWER_DAYS,
    )


def _loaded(installed: Installation, checked: Checked, user: str) -> Record | None:
    """The host's own record of the answer, if the host has one and the reporter may be shown it."""
    sealed, loader = checked.sealed, installed.hooks.answer
    if sealed is None or not sealed.answer_id or loader is None:
        return None
    if sealed.for_user and not (user and sealed.of_user(user)):
        return None
    return _asked(loader, Record.of, sealed.answer_id)


def _asked(call: Callable[..., Any] | None, read: Callable[[Any], T], *arguments: Any) -> T | None:
    if call is None:
        return None
    try:
        return read(call(*arguments))
    except Exception as error:  # noqa: BLE001 - whatever breaks at the host, the report is taken
        # The class alone: the host's message may hold what somebody wrote.
        _log.error("%s of the host failed: %s", getattr(call, "__name__", "a loader"), type(error).__name__)
        return None


def _turns(installed: Installation, said: Sequence[Any], limit: int) -> tuple[Turn, ...]:
    most = installed.settings.CONTEXT_TURNS
    found = []
    for each in said[-most:] if most else ():
        if not isinstance(each, Mapping):
            continue
        prompt, output, token = (whole(str(each.get(name) or "")) for name in ("prompt", "output", "token"))
        if not (prompt.strip() or output.strip()):
            continue
        checked = _check(installed, token, output, prompt, "")
        cut = ("cut",) if max(len(prompt), len(output)) > limit else ()
        found.append(Turn(prompt[:limit], output[:limit], checked.mark, (*checked.notes, *cut)))
    return tuple(found)


def _parsed(text: str) -> list[Any]:
    try:
        found = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []
