"""What a page says the AI said, compared with its seal and, where the host can load it, with the host's record."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from complaints import answers
from complaints.administration.installation import Installation
from complaints.answers import Checked
from complaints.cases.reported import Answer, Turn

_log = logging.getLogger("complaints")
_LONGEST_TOKEN = 2000


@dataclass(frozen=True)
class Reported:
    """What is reported; `answer` is None without a text, `turns` are those the reporter may send along."""

    answer: Answer | None
    turns: tuple[Turn, ...] = ()


def asking(installed: Installation) -> str:
    """Who asks, as the host names its signed-in users; nothing in a dialog or at the interface, which read no cookie."""
    return str(_asked(installed.hooks.complainant) or "")


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
        output, prompt = str(loaded["output"]), str(loaded.get("prompt") or "")
        checked = _check(installed, token, output, prompt, user)
    said = loaded.get("turns") if loaded else None
    context = _turns(installed, said if isinstance(said, Sequence) else _parsed(turns), limit)
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
        "model": sealed.model or str((loaded or {}).get("model") or ""),
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


def _loaded(installed: Installation, checked: Checked, user: str) -> Mapping[str, Any] | None:
    """The host's own record of the answer, if the host has one and the reporter may be shown it."""
    sealed, loader = checked.sealed, installed.hooks.answer
    if sealed is None or not sealed.answer_id or loader is None:
        return None
    if sealed.for_user and not (user and sealed.of_user(user)):
        return None
    found = _asked(loader, sealed.answer_id)
    return found if isinstance(found, Mapping) and found.get("output") else None


def _asked(call: Callable[..., Any] | None, *arguments: Any) -> Any:
    if call is None:
        return None
    try:
        return call(*arguments)
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
        prompt, output, token = (str(each.get(name) or "") for name in ("prompt", "output", "token"))
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
