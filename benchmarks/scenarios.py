"""What one visitor does per submission, at each contender; each answer is checked."""

from __future__ import annotations

import re

from benchmarks.load import Response, Visitor, WrongAnswerError, check_reading, read_form

# As people write: two sentences, a different one each time, so that nothing looks like a repetition.
TEXT = (
    "第{n}次投诉：我问它孕妇能不能吃这种药,它说完全没有问题,可是药品说明书上写着孕妇禁用。"
    "我已经把说明书和它的回答都拍了照,请你们核实并更正,也请告诉我处理的结果😀"
)
_NUMBER = re.compile(r"TS\d{8}-[0-9A-Z]{6}")


def bare(visitor: Visitor, n: int) -> str:
    page = visitor.get("/report").expect(200)
    values = {
        "subject": "不实信息",
        "name": "张三",
        "mail": f"reporter{n}@example.com",
        "text": TEXT.format(n=n),
        "send": "Send",
    }
    answer = visitor.send(read_form(page, "text"), values).expect(302)
    return _place(answer, "/done/")


def helpdesk(visitor: Visitor, n: int) -> str:
    page = visitor.get("/tickets/submit/").expect(200)
    values = {
        "queue": "1",
        "title": "不实信息",
        "body": TEXT.format(n=n),
        "priority": "3",
        "due_date": "",
        "submitter_email": f"reporter{n}@example.com",
    }
    answer = visitor.send(read_form(page, "body"), values).expect(302)
    return _place(answer, "/view/?ticket=")


def short(visitor: Visitor, n: int) -> str:
    """The short form: one page, one POST, one receipt."""
    page = visitor.get("/complaints/new?type=other&form=short").expect(200)
    return _receipt(visitor.send(read_form(page, "details"), _written(n)))


def whole(visitor: Visitor, n: int) -> str:
    """The whole path after the type is chosen: the details' page, the check page, the filing."""
    page = visitor.get("/complaints/new?type=other").expect(200)
    check = visitor.send(read_form(page, "details"), _written(n)).expect(200)
    return _receipt(visitor.send(read_form(check, "kept"), {}))


def rehearse(visitor: Visitor) -> None:
    """Before anything is measured at ours: both kinds of page are read as the HTML parser reads them."""
    check_reading(visitor.get("/complaints/new?type=other&form=short").expect(200), "details")
    page = visitor.get("/complaints/new?type=other").expect(200)
    check_reading(page, "details")
    check_reading(visitor.send(read_form(page, "details"), _written(0)).expect(200), "kept")


def _written(n: int) -> dict[str, str]:
    return {"details": TEXT.format(n=n), "mail": f"reporter{n}@example.com"}


def _receipt(answer: Response) -> str:
    place = answer.expect(303).headers.get("location", "")
    found = _NUMBER.search(place)
    if "/complaints/receipt/" not in place or not found:
        raise WrongAnswerError(f"{answer.path}: leads to {place!r}, not to a receipt")
    return found[0]


def _place(answer: Response, beginning: str) -> str:
    place = answer.headers.get("location", "")
    if not place.startswith(beginning):
        raise WrongAnswerError(f"{answer.path}: leads to {place!r}, not to {beginning}")
    return place
