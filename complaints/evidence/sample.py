"""One sample complaint in a temporary installation: filed by the form over HTTP, handled, answered."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from complaints import answers
from complaints.administration.installation import Installation
from complaints.base.errors import ComplaintsError
from complaints.cases import access, deciding, handling
from complaints.cases.deciding import Decision
from complaints.ledger import journal
from complaints.ledger.work import Actor, Work
from complaints.policy.profile import Policy

_PROMPT, _OUTPUT = "太阳和地球，谁绕着谁转？", "太阳绕着地球转，一天一圈。"
_DETAILS = "〔测试样例〕我问太阳和地球谁绕谁转，AI回答太阳绕着地球转，与事实不符。希望更正。"
_TEXT = (
    "〔测试样例〕经核对对话记录，您反映的情况属实：该回答与事实不符。我们已更正，并安排复测。感谢您的反映。"
)
_REDIRECT = (301, 302, 303, 307, 308)
_OK = 200
_HOPS = 5
_TYPED = (None, "hidden", "text", "email")


@dataclass(frozen=True)
class Sample:
    """The operator's account in the copy."""

    login: str
    actor: Actor
    password: str = field(repr=False)


def walk(copy: Installation, sample: Sample, port: int) -> Iterator[tuple[str, bytes]]:
    """The pages of a complaint's life by picture name, each as it reads at that moment.

    Raises ComplaintsError when a page does not come up.
    """
    with copy.reading() as work:
        policy = work.policy
    kind = _type(policy)
    prefix = copy.settings.URL_PREFIX
    visitor = _Browser(port)
    yield "01-entry", visitor.get(f"{prefix}/")
    yield "02-form-type", visitor.get(f"{prefix}/new")
    token = answers.seal(
        copy.keys.answers, copy.settings.origin, output=_OUTPUT, prompt=_PROMPT, model="测试模型"
    )
    visitor.post(f"{prefix}/report?type={kind}", {"token": token, "output": _OUTPUT, "prompt": _PROMPT})
    typed = {"details": _DETAILS, "mail": "ceshi@example.com"}
    # Asking for a language re-renders the form with what was typed.
    yield "03-form-details", visitor.send("details", {**typed, "lang": "zh"})
    yield "04-form-check", visitor.send("details", typed)
    yield "05-receipt", visitor.send("check", {})
    number = visitor.at.rpartition("/")[2]
    _act(copy, number, lambda work, uid: handling.accept(work, journal.lock(work, uid), sample.actor))
    yield "06-tracking", visitor.get(f"{prefix}/track/{number}")
    yield "07-process", visitor.get(f"{prefix}/process")
    office = _Browser(port)
    office.get(f"{prefix}/admin/login")
    yield "08-queue", office.send("", {"login": sample.login, "password": sample.password})
    yield "09-case", office.get(f"{prefix}/admin/case/{number}")
    _act(copy, number, lambda work, uid: _decide(work, uid, sample.actor))
    yield "10-answer", visitor.get(f"{prefix}/track/{number}")


def _type(policy: Policy) -> str:
    simple = [each for each in policy.types.values() if each.required == ("details",) and not each.restricted]
    about = [each for each in simple if each.about_content and each.severity == "normal"]
    return (about or simple or list(policy.types.values()))[0].key


def _act(copy: Installation, number: str, step: Callable[[Work, str], object]) -> None:
    copy.write(lambda work: step(work, access.find(work, number).uid))


def _decide(work: Work, uid: str, operator: Actor) -> None:
    case = journal.lock(work, uid)
    policy = work.policy_of(case.policy_version)
    outcome = next(iter(policy.outcomes))
    reason = next(
        key
        for key, each in policy.decision_reasons.items()
        if not each.types and outcome in (each.outcomes or (outcome,))
    )
    simple = [key for key, each in policy.actions.items() if each.family in {"content", "model"}]
    wanted = [key for key in ("correct", "retest") if key in simple] or simple[:1]
    orders = tuple(handling.Order(key, "测试回答") for key in wanted)
    deciding.decide(work, case, operator, Decision(outcome, reason, _TEXT, actions=orders))
    if case.released_at is None:
        deciding.release(work, case)


class _Browser:
    """Just enough of a browser: keeps cookies whatever their domain, follows redirects, sends the page's form."""

    def __init__(self, port: int) -> None:
        self.at = ""
        self._port = port
        self._cookies: dict[str, str] = {}
        self._page = b""

    def get(self, path: str) -> bytes:
        return self._open("GET", path, None)

    def post(self, path: str, fields: Mapping[str, str]) -> bytes:
        return self._open("POST", path, fields)

    def send(self, step: str, fields: Mapping[str, str]) -> bytes:
        """Send the form of the present page whose hidden `step` is this one, with `fields` filled in."""
        forms = _Forms()
        forms.feed(self._page.decode())
        for action, given in forms.found:
            if given.get("step", "") == step and "csrf_token" in given:
                return self.post(action or self.at, {**given, **fields})
        raise ComplaintsError(f"{self.at} has no form to send")

    def _open(self, method: str, path: str, fields: Mapping[str, str] | None) -> bytes:
        for _ in range(_HOPS):
            status, target, page = self._ask(method, path, fields)
            self.at = urlsplit(path).path
            if status not in _REDIRECT:
                break
            split = urlsplit(target)
            method, fields = "GET", None
            path = f"{split.path}?{split.query}" if split.query else split.path
        if status != _OK:
            raise ComplaintsError(f"{self.at} answered {status}")
        self._page = page
        return page

    def _ask(self, method: str, path: str, fields: Mapping[str, str] | None) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"Accept-Language": "zh-CN"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(fields) if fields is not None else None, headers)
            answer = connection.getresponse()
            page = answer.read()
            for each in answer.headers.get_all("Set-Cookie") or ():
                self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(each).items()}
            return answer.status, answer.headers.get("Location", ""), page
        finally:
            connection.close()


class _Forms(HTMLParser):
    """Every POST form of a page: where it leads and what it would send untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("method", "").lower() == "post"
            if self._inside:
                self.found.append((given.get("action", ""), {}))
        elif tag == "input" and self._inside and given.get("name") and given.get("type") in _TYPED:
            self.found[-1][1][given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
