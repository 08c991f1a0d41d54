"""People and records as a filing tells them: roles, the handling log, figures, versions."""

from __future__ import annotations

from complaints.base.clock import beijing
from complaints.evidence.filing_facts import ZH, Facts, moment
from complaints.evidence.paper import Paper, gap
from complaints.policy import process
from complaints.policy.deadlines import words
from complaints.policy.states import TRANSITIONS


def roles(paper: Paper, facts: Facts) -> None:
    """Who does what; the steps of each role come from the table of transitions."""
    contacts = facts.policy.contacts
    compliance = "，".join(filter(None, (contacts.compliance_name, contacts.compliance_mail)))
    staff = _doings("handler")
    leads = [each for each in _doings("supervisor") if each not in staff]
    paper.table(
        ("岗位", "职责和系统权限", "人员"),
        (
            ("办理人员", "、".join(staff), gap()),
            (
                "主管",
                f"办理人员的各项操作，以及{'、'.join(leads)}；接收逾期提醒" if leads else "接收逾期提醒",
                gap(),
            ),
            ("审计人员", "查看投诉和办理记录，不办理投诉", gap()),
            ("管理员", "管理账号、发布规则、导出记录", gap()),
            ("合规联系人", "没有其他人员可以复核时，安排复核", compliance or gap()),
        ),
        (26, 92, 42),
    )
    paper.text(
        "系统按到期时间排列待办，在到期前一个工作日和到期当日提醒办理人员，逾期的提醒主管并告知投诉人。"
        "逾期没有告知是否受理的，视为已受理，逾期情况记入办理记录，答复期限不变。"
        "涉及未成年人、私密影像等限制查看的类型，只有另行授权的人员可以查看。"
    )


def records(paper: Paper, facts: Facts) -> None:
    """What is recorded, how long it is kept, and what has been handled so far."""
    paper.text(
        "每一步办理都形成一条记录，写明时间、操作和操作人员，按顺序用摘要值相连，可以逐条核验并与当前数据比对。"
        "投诉人提交后可以下载带签名的凭证，其中有该投诉首条记录的摘要值。核验说明的是记录自收到投诉以来的次序和完整，"
        "以另有副本或者凭证可供对照为前提；不证明所述事实真实。"
        "投诉内容、联系方式和附件加密保存，与办理记录分开存放；查看和导出也有记录。"
    )
    paper.text(f"{process.keeping(facts.policy, ZH)}以上期限由提供者确定并公布。")
    paper.text("办理记录和登记表可以导出为JSON Lines和CSV，不含个人信息。")
    figures = facts.figures
    made = beijing(facts.made)
    paper.heading("统计", 2)
    paper.table(
        ("收到", "已答复", "按期答复", "逾期"),
        ((f"{figures.received}件", f"{figures.answered}件", f"{figures.in_time}件", f"{figures.late}件"),),
        (40, 40, 40, 40),
    )
    paper.text(
        f"截至{words(made.date(), ZH)}{made:%H:%M}（北京时间），由系统按办理记录计数。"
        f"标为“测试”的{figures.tests}件不计入。测试标记只能在提交时作出，之后不能添加。"
    )


def versions(paper: Paper, facts: Facts) -> None:
    """The version in force, its digest and those before it."""
    if facts.version == 0:
        paper.text("规则尚未发布。")
        return
    paper.pairs(
        (
            ("版本", f"第{facts.version}版{'（试运行）' if facts.trial else ''}"),
            ("发布时间", moment(facts.published_at)),
            ("发布人", "系统（试运行，尚无负责人发布）" if facts.trial else facts.published_by),
            ("规则摘要", f"SHA-256 {facts.policy.digest}"),
            ("公布网址", facts.address(f"/process/{facts.version}") or gap("产品的公开网址")),
        )
    )
    paper.heading("历次版本", 2)
    paper.table(
        ("版本", "发布时间", "发布人", "摘要前16位"),
        [
            (
                f"第{each.version}版{'（试运行）' if each.trial else ''}",
                moment(each.published_at),
                "系统" if each.trial else each.published_by,
                each.digest[:16],
            )
            for each in facts.releases
        ],
        (30, 64, 32, 34),
    )


def _doings(role: str) -> list[str]:
    return [row.label(ZH) for row in TRANSITIONS.values() if role in row.roles and row.action != "file"]
