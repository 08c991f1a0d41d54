"""The rules as a filing tells them: what, how, by when, with what result; all from the policy in force."""

from __future__ import annotations

from collections.abc import Iterator

from complaints.evidence.filing_facts import ZH, Facts
from complaints.evidence.paper import Paper
from complaints.policy import process as published
from complaints.policy.model import ComplaintType, ExternalRoute

_WEIGHTS = {"law": "法律法规规定", "guidance": "规范性文件要求", "practice": "本产品的承诺"}
_FAMILIES = {
    "content": "内容处置",
    "model": "模型整改",
    "user": "用户处置",
    "record": "记录与报告",
    "private_law": "权利通知的转送",
}


def types(paper: Paper, facts: Facts) -> None:
    """What can be complained about, by group, with what must be filled in and the rules behind it."""
    policy = facts.policy
    paper.text(
        "使用者和其他公众都可以提交。除表中注明的以外，可以匿名，也可以不填联系方式；只收集办理该类事项所必需的信息。"
    )
    rows = [
        (group(ZH), kind.label(ZH), _asked(facts, kind), _basis(kind))
        for key, group in policy.groups.items()
        for kind in policy.types.values()
        if kind.group == key
    ]
    paper.table(("大类", "类型", "须填写", "依据"), rows, (24, 38, 42, 56), join=True)
    if policy.risk_classes:
        paper.text(
            f"涉及AI生成内容的投诉，办理人员另按{len(policy.risk_groups)}大类{len(policy.risk_classes)}小类"
            "生成内容安全风险归类，投诉人不需要作此判断。"
        )


def process(paper: Paper, facts: Facts, diagram: bytes) -> None:
    """The steps in words and as a picture."""
    paper.steps([(step.title, step.text) for step in published.steps(facts.policy, ZH)])
    paper.picture(diagram, "图1　投诉举报处理流程", height=165)


def deadlines(paper: Paper, facts: Facts) -> None:
    """The published deadlines, how much they weigh and how days are counted."""
    rows = published.deadlines_table(facts.policy, ZH)
    columns = [
        (head, width, cells)
        for head, width, cells in (
            ("告知是否受理", 24, [row.accept for row in rows]),
            ("首次处理", 22, [row.first_action for row in rows]),
            ("答复结果", 26, [row.result for row in rows]),
            ("复核答复", 26, [row.review for row in rows]),
            ("留言回复", 22, [row.reply for row in rows]),
            ("期限性质", 16, [_WEIGHTS[row.weight] for row in rows]),
        )
        if any(cells)
    ]
    widths = [width for _, width, _ in columns]
    paper.table(
        ["类型", *(head for head, _, _ in columns)],
        [
            ("、".join(row.labels), *(cells[place] or "—" for _, _, cells in columns))
            for place, row in enumerate(rows)
        ],
        [160 - sum(widths), *widths],
    )
    for row in rows:
        if row.weight != "practice":
            paper.text(f"“{'”“'.join(row.labels)}”的期限依据：{row.basis}。")
        if row.note:
            paper.text(f"“{'”“'.join(row.labels)}”：{row.note}。")
    paper.text("期限性质为“本产品的承诺”的，由提供者自行确定并向公众公布，不是法律、法规规定的期限。")
    paper.heading("期限怎么算", 2)
    paper.text(published.counting(ZH))
    paper.table(
        ("年份", "工作日依据", "状态"),
        [
            (
                f"{year.year}年",
                "；".join(filter(None, (year.notice, year.url))) or "放假安排尚未公布",
                "确定" if year.final else "暂定",
            )
            for year in facts.years
        ],
        (20, 122, 18),
    )
    if not all(year.final for year in facts.years):
        paper.text("标为“暂定”的年份，放假安排公布后如使已告知的日期变化，会在该投诉的查询页上说明。")


def results(paper: Paper, facts: Facts) -> None:
    """How a complaint is answered and what measures there are."""
    policy = facts.policy
    paper.text(
        f"每件投诉的答复写明结果（{'、'.join(each.label(ZH) for each in policy.outcomes.values())}）、"
        "理由、采取的措施和申请复核的办法。不予受理的，说明原因："
        f"{'、'.join(each.label(ZH) for each in policy.decline_reasons.values())}。"
    )
    families = {key: [each for each in policy.actions.values() if each.family == key] for key in _FAMILIES}
    paper.table(
        ("处置措施", "包括", "依据"),
        [
            (
                _FAMILIES[key],
                "、".join(each.label(ZH) for each in actions),
                "；".join(
                    dict.fromkeys(part for each in actions for part in each.basis(ZH).split("；") if part)
                )
                or "—",
            )
            for key, actions in families.items()
            if actions
        ],
        (30, 60, 70),
    )
    at_once = [each.label(ZH) for each in policy.actions.values() if each.immediate]
    if at_once:
        paper.text(
            f"正在造成伤害的，{'、'.join(at_once)}等措施先行采取，不等答复发出。每项措施记录对象、时间和办理人员。"
        )


def routes(paper: Paper, facts: Facts) -> None:
    """Review, pause, and the places outside the product."""
    policy = facts.policy
    review, pause = policy.review, policy.pause
    paper.text(
        f"对结果或者不予受理不认可的，可以在答复后{review.window_days}天内申请复核，每件最多{review.max_per_case}次，"
        f"不收费用，{published.longest(policy, 'review', ZH)}内答复。复核由没有作出原决定的人员办理；系统不允许任何人复核"
        "自己作出的决定，没有其他人员可以复核时转由合规联系人安排，期限照常计算。"
    )
    paper.text(
        f"计时只在等待投诉人补充材料时暂停，暂停须写明原因，最长{pause.max_wd}个工作日，期满自动恢复。"
    )
    if policy.routes:
        paper.text(
            "投诉人可以随时向有关主管部门反映，不以先在本产品投诉为前提。各类事项的外部渠道如下，只在相应类型的页面上列出："
        )
        paper.table(
            ("渠道", "适用事项", "联系方式", "列出该渠道的类型"),
            [
                (
                    route.name(ZH),
                    route.for_what(ZH),
                    "；".join(_reach(route)) or "—",
                    "、".join(kind.label(ZH) for kind in policy.types.values() if key in kind.routes) or "—",
                )
                for key, route in policy.routes.items()
            ],
            (40, 34, 36, 50),
        )


def _asked(facts: Facts, kind: ComplaintType) -> str:
    names = [facts.policy.fields[key].label(ZH) for key in kind.required]
    reach = {"mail_or_phone": "邮箱或手机号", "mail": "邮箱", "phone": "手机号"}.get(kind.contact_required)
    asked = "、".join([*names, *([reach] if reach and reach not in names else [])])
    return asked if kind.anonymous else f"{asked}（不匿名）"


def _basis(kind: ComplaintType) -> str:
    return (
        "；".join(
            f"{each.text(ZH)}{'' if each.kind == 'law' else f'（{_WEIGHTS[each.kind]}）'}"
            for each in kind.basis
        )
        or "—"
    )


def _reach(route: ExternalRoute) -> Iterator[str]:
    if route.phone:
        yield f"电话{route.phone}"
    yield from filter(None, (route.url, route.address))
