"""The published process in plain words; every number comes from the policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from complaints.policy.labels import Label
from complaints.policy.model import Promises
from complaints.policy.terms import DeadlineSet, Kind, Term

_STRONGEST = ("law", "guidance", "practice")
_KINDS: tuple[Kind, ...] = ("accept", "first_action", "result", "review", "reply")
_UNITS = {
    "wd": ("{}个工作日", "working day", ""),
    "h": ("{}小时", "hour", ""),
    "sh": ("服务时间内{}小时", "hour", " of service time"),
}


@dataclass(frozen=True)
class Step:
    """One step of the process: what happens and what the person can expect."""

    title: str
    text: str


@dataclass(frozen=True)
class Row:
    """The published deadlines of the `types` (their keys) that share them, in words.

    `first_action` and `reply` are empty where none is published; `weight` is law, guidance or practice, `basis`
    says it in words; `note` is what else is promised.
    """

    types: tuple[str, ...]
    labels: tuple[str, ...]
    accept: str
    first_action: str
    result: str
    review: str
    reply: str
    weight: str
    basis: str
    note: str


def steps(policy: Promises, lang: str) -> list[Step]:
    """The process as an ordered list."""
    return [Step(title(lang), text(lang)) for title, text in _steps(policy)]


def deadlines_table(policy: Promises, lang: str) -> list[Row]:
    """One row per different promise, in the order of the types; internal targets never appear."""
    rows: dict[tuple[str, ...], Row] = {}
    for one in policy.types.values():
        deadlines = policy.deadlines_of(one.key)
        weight, basis = _basis(deadlines, lang)
        cells = (*(_cell(deadlines, kind, lang) for kind in _KINDS), weight, basis, _note(deadlines, lang))
        before = rows.get(cells)
        rows[cells] = Row(
            (*(before.types if before else ()), one.key),
            (*(before.labels if before else ()), one.label(lang)),
            *cells,
        )
    return list(rows.values())


def amount_words(term: Term, lang: str) -> str:
    """A term's length for a person: 10个工作日（最长15天）, 10 working days (at most 15 days)."""
    words = _length(str(term.amount), term, lang)
    if term.cap_days is None:
        return words
    cap = Label(f"（最长{term.cap_days}天）", f" (at most {_many(term.cap_days, 'day')})")
    return words + cap(lang)


def longest(policy: Promises, kind: Kind, lang: str) -> str:
    """The longest promise of this kind over the types in use, in words; empty when there is none."""
    found = [term for deadlines in _used(policy) if (term := deadlines.published(kind))]
    return amount_words(max(found, key=_hours), lang) if found else ""


def counting(lang: str) -> str:
    """How deadlines are counted; it stands beside every table of them."""
    return Label(
        "期限从收到的次日起算，之后的第一个工作日为第1日，到最后一个工作日24:00结束（北京时间）。工作日按国务院办公厅公布的节假日"
        "安排计算，调休上班的日子也算工作日。同时写明最长天数的，以先到者为准；最长天数的最后一天不是工作日的，"
        "提前到之前最近的工作日。",
        "Day 1 is the first working day after the day we receive it; a deadline ends at 24:00 Beijing time on its last "
        "working day. Working days follow the holiday notices of the State Council, make-up working days "
        "included. Where a greatest number of days is given, whichever comes first counts; if that day is not a "
        "working day, the nearest working day before it does.",
    )(lang)


def keeping(policy: Promises, lang: str) -> str:
    """How long things are kept."""
    kept = policy.retention
    return Label(
        f"投诉办理记录保存{kept.case_years}年，系统日志至少保存{kept.log_months}个月；没有提交的草稿{kept.draft_hours}小时后删除。",
        f"Handling records are kept {_many(kept.case_years, 'year')} and system logs at least "
        f"{_many(kept.log_months, 'month')}; a draft that was not submitted is deleted after "
        f"{_many(kept.draft_hours, 'hour')}.",
    )(lang)


def _steps(policy: Promises) -> Iterator[tuple[Label, Label]]:
    accept, result, review = (_span(policy, kind) for kind in ("accept", "result", "review"))
    yield Label("提交", "Submit"), _filing(policy)
    yield (
        Label("告知是否受理", "Whether we take it on"),
        Label(
            f"收到后{accept.zh}告知是否受理。不予受理的，说明原因，您可以申请复核。逾期没有告知的，视为已受理。",
            f"Within {accept.en}, we say whether we take it on. If not, we say why, and you can ask for a review. "
            "If we say nothing in time, it counts as taken on.",
        ),
    )
    yield (
        Label("核实和处理", "Check and act"),
        Label(
            "核对AI当时的回答和相关记录。正在造成伤害的内容先处置，其余措施随答复一起执行。",
            "We check what the AI said and our records. Content that is doing harm is dealt with first; other "
            "measures take effect with the answer.",
        ),
    )
    yield (
        Label("需要时请您补充", "Ask you, if needed"),
        Label(
            f"材料不够时，我们会说明缺什么。等待期间计时暂停，最长{policy.pause.max_wd}个工作日，之后按已有材料继续办理。",
            "If something is missing we say what. The clock pauses while we wait, at most "
            f"{_many(policy.pause.max_wd, 'working day')}; then we go on with what we have.",
        ),
    )
    yield (
        Label("答复", "Answer"),
        Label(
            f"收到后{result.zh}答复，写明结果、理由、采取的措施，以及您还可以怎么做。",
            f"Within {result.en}, we answer: the result, why, what we did, and what you can do next.",
        ),
    )
    window, times = policy.review.window_days, policy.review.max_per_case
    yield (
        Label("复核", "Review"),
        Label(
            f"不认可结果的，可以在答复后{window}天内申请复核，免费，每件最多{times}次。由未参与原处理的人员办理，申请后{review.zh}答复。",
            f"If you disagree, ask for a review within {_many(window, 'day')} of the answer. It is free, "
            f"{'once' if times == 1 else f'at most {times} times'} for each complaint. Someone new to the case answers within {review.en} of your request.",
        ),
    )
    yield Label("办结", "Close"), _closing(policy)
    if policy.routes:
        yield (
            Label("其他途径", "Other places to go"),
            Label(
                "您也可以随时向有关主管部门投诉、举报。各类问题的外部途径写在相应的页面上。",
                "At any time you can also complain to the authorities. The places for each kind of matter are named "
                "on its page.",
            ),
        )


def _filing(policy: Promises) -> Label:
    anonymous = [one.anonymous for one in policy.types.values()]
    zh, en = "任何人都可以提交，不需要注册账号。", "Anyone can submit, without an account. "
    if all(anonymous):
        zh, en = zh + "可以匿名。", en + "You need not say who you are. "
    elif any(anonymous):
        named_zh = "".join(f"“{one.label.zh}”" for one in policy.types.values() if not one.anonymous)
        named_en = ", ".join(f"“{one.label.en}”" for one in policy.types.values() if not one.anonymous)
        zh += f"除以下几类外可以匿名：{named_zh}。"
        en += f"You need not say who you are, except for {named_en}. "
    return Label(
        zh + "提交后得到编号和查询码，可以随时查看进展。",
        en + "You get a number and a code with which you can follow it at any time.",
    )


def _closing(policy: Promises) -> Label:
    if policy.close_after_window:
        return Label(
            "复核期满没有申请的，投诉办结。办结后仍可查看结果。",
            "It closes when the time for a review has passed. The result can still be read.",
        )
    return Label(
        "您确认后，或由办理人员，投诉办结。办结后仍可查看结果。",
        "It is closed by you or by the person handling it. The result can still be read.",
    )


def _used(policy: Promises) -> Iterator[DeadlineSet]:
    """The deadlines of each type."""
    return (policy.deadlines_of(key) for key in policy.types)


def _cell(deadlines: DeadlineSet, kind: Kind, lang: str) -> str:
    term = deadlines.published(kind)
    return amount_words(term, lang) if term else ""


def _span(policy: Promises, kind: Kind) -> Label:
    """Within how long, from the shortest to the longest promise: 1至2个工作日内（按类型，见期限表）."""
    found = sorted((term for deadlines in _used(policy) if (term := deadlines.published(kind))), key=_hours)
    first, last = found[0], found[-1]
    if first.unit == last.unit and first.amount == last.amount:
        return Label(f"{amount_words(first, 'zh')}内", amount_words(first, "en"))
    if first.unit == last.unit:
        zh, en = (
            _length(f"{first.amount}{to}{last.amount}", last, lang)
            for lang, to in (("zh", "至"), ("en", " to "))
        )
    else:
        zh, en = (
            to.join(amount_words(term, lang) for term in (first, last))
            for lang, to in (("zh", "至"), ("en", " to "))
        )
    return Label(f"{zh}内（按类型，见期限表）", f"{en}, depending on the type")


def _basis(deadlines: DeadlineSet, lang: str) -> tuple[str, str]:
    published = [term for term in deadlines.terms if term.publish]
    weight = min((term.label for term in published), key=_STRONGEST.index)
    if weight == "practice":
        return weight, Label("本产品的承诺", "Our own promise")(lang)
    return weight, "; ".join(dict.fromkeys(term.basis(lang) for term in published if term.label == weight))


def _note(deadlines: DeadlineSet, lang: str) -> str:
    said = [deadlines.note(lang)] if deadlines.note else []
    if deadlines.outer and _holds(deadlines):
        words = amount_words(deadlines.outer, lang)
        rule = deadlines.outer.basis
        said.append(Label(f"不超过{words}（{rule.zh}）", f"Not longer than {words} ({rule.en})")(lang))
    return Label("；", "; ")(lang).join(said)


def _holds(deadlines: DeadlineSet) -> bool:
    """Whether the outer limit can be printed: a promise beyond it would contradict the page."""
    result, outer = deadlines.published("result"), deadlines.outer
    return bool(result and outer and _hours(result) <= _hours(outer))


def _hours(term: Term) -> float:
    """For comparing only: a working day lasts longer than its hours, and a cap shortens it."""
    hours = term.amount * {"wd": 24 * 7 / 5, "sh": 3 * 7 / 5, "h": 1}[term.unit]
    return hours if term.cap_days is None else min(hours, term.cap_days * 24)


def _length(number: str, term: Term, lang: str) -> str:
    zh, noun, more = _UNITS[term.unit]
    return f"{number} {noun}{'' if number == '1' else 's'}{more}" if lang == "en" else zh.format(number)


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
