"""投诉举报机制说明: the words of the filing document; every promise in it comes from the policy in force."""

from __future__ import annotations

from collections.abc import Sequence

from complaints.base.clock import beijing
from complaints.evidence import filing_duties, filing_rules
from complaints.evidence.filing_facts import ZH, Facts
from complaints.evidence.paper import Identity, Paper, gap
from complaints.evidence.pictures import AT_A_DESK, Shot, slices
from complaints.policy.deadlines import words
from complaints.policy.model import Contacts

TITLE = "投诉举报机制说明"
_ROLES = {"provider": "服务提供者", "supporter": "服务技术支持者"}
_NUMERALS = "一二三四五六七八九十"


def write(facts: Facts, diagram: bytes, shots: Sequence[Shot]) -> bytes:
    """The document as DOCX bytes; `diagram` is the flow as PNG. What nobody has filled in stands as 【待填写】."""
    policy = facts.policy
    product = policy.provider.product
    header = (
        f"{product or gap('产品名称')} {TITLE}　规则第{facts.version}版{'（试运行）' if facts.trial else ''}"
    )
    made = beijing(facts.made)
    paper = Paper(
        Identity(f"{product}{TITLE}", policy.provider.name, f"规则摘要 SHA-256 {policy.digest}", made), header
    )
    paper.title(f"{product or gap('产品名称')}{TITLE}", f"{words(made.date(), ZH)}生成")
    _front(paper, facts)
    for number, (heading, section) in enumerate(
        (
            ("基本情况", _who),
            ("投诉举报入口", _entry),
            ("可以投诉举报的事项", filing_rules.types),
            ("处理流程", lambda paper, facts: filing_rules.process(paper, facts, diagram)),
            ("反馈期限", filing_rules.deadlines),
            ("处理结果和处置措施", filing_rules.results),
            ("复核和外部渠道", filing_rules.routes),
            ("岗位和职责", filing_duties.roles),
            ("记录、保存和统计", filing_duties.records),
            ("规则版本", filing_duties.versions),
        )
    ):
        paper.heading(f"{_NUMERALS[number]}、{heading}")
        section(paper, facts)
    _attachments(paper, shots)
    _still_open(paper, facts, shots)
    return paper.bytes()


def _front(paper: Paper, facts: Facts) -> None:
    policy = facts.policy
    if facts.trial:
        paper.note(
            "试运行：所附规则尚未由负责人正式发布，本说明仅供内部核对。正式发布规则后请重新生成，再行提交。"
        )
    paper.text(
        "本说明由系统按正在执行的投诉举报处理规则生成。公布页面、提交凭证、办理提醒和本说明使用同一份规则，"
        "期限和流程在各处一致。标有“待填写”的内容须由提供者补充，系统不代为填写。"
    )
    paper.table(
        ("《生成式人工智能服务管理暂行办法》第十五条的要求", "本产品的做法", "见"),
        (
            (
                "设置便捷的投诉、举报入口",
                "网页入口，任何人可用，不需要注册账号"
                + (f"；另有{'、'.join(others)}" if (others := _others(policy.contacts)) else ""),
                "第二、三部分",
            ),
            (
                "公布处理流程和反馈时限",
                f"流程和期限公开，现为第{facts.version}版，历次版本可查",
                "第四、五、十部分",
            ),
            ("及时受理、处理公众投诉举报", "逐件编号，系统计时并提醒，逾期如实记录", "第四、五、八、九部分"),
            ("反馈处理结果", "逐件答复结果、理由和措施，可以申请复核", "第六、七部分"),
        ),
        (62, 70, 28),
    )


def _who(paper: Paper, facts: Facts) -> None:
    policy = facts.policy
    provider, numbers = policy.provider, policy.numbers
    paper.pairs(
        (
            ("提供者名称", provider.name or gap("服务提供者的全称")),
            ("统一社会信用代码", provider.uscc or gap()),
            ("地址", provider.address or gap()),
            ("产品名称", provider.product or gap("产品名称")),
            ("角色", _ROLES[provider.role]),
            ("算法备案编号", numbers.algorithm or gap()),
            ("算法备案公示链接", numbers.algorithm_url or gap()),
            ("模型备案号或上线编号", numbers.model or numbers.online or gap()),
            ("ICP备案号", numbers.icp or gap()),
        )
    )
    paper.heading("使用的模型", 2)
    if not policy.models:
        paper.text(gap("所用模型的名称、提供方和备案号"))
        return
    paper.table(
        ("模型", "提供方", "备案号或上线编号", "提供方的投诉途径"),
        [
            (
                model.name,
                "自有" if model.own else model.vendor or gap(),
                model.filing_number or gap(),
                "同本说明" if model.own else model.complaint_route or gap(),
            )
            for model in policy.models
        ],
        (36, 40, 40, 44),
    )


def _entry(paper: Paper, facts: Facts) -> None:
    contacts = facts.policy.contacts
    paper.pairs(
        (
            ("在产品中的位置", gap("例如页脚、设置页、每条AI回答下方")),
            ("入口网址", facts.address() or gap("产品的公开网址")),
            ("查询进度", facts.address("/track") or gap("产品的公开网址")),
            ("流程和期限公布页", facts.address("/process") or gap("产品的公开网址")),
            ("电话", contacts.phone or gap()),
            ("邮箱", contacts.mail or gap()),
            ("通信地址", contacts.address or facts.policy.provider.address or gap()),
            ("人工服务时间", f"工作日{contacts.hours_from}至{contacts.hours_to}（北京时间）"),
        )
    )
    paper.text(
        "网页入口全天开放，手机和电脑均可使用，不登录、不注册也能提交，有中文和英文两种界面；"
        "提交即得编号、查询码和办理期限。电话、邮件和来信收到的投诉由办理人员登记，与网页提交的按同一流程办理。"
    )


def _attachments(paper: Paper, shots: Sequence[Shot]) -> None:
    paper.new_page()
    paper.heading("附件一　截图清单")
    paper.table(
        ("序号", "内容", "文件", "状态"),
        [
            (
                str(number),
                shot.picture.caption,
                f"{shot.picture.name}.png",
                "已附" if shot.path else gap(),
            )
            for number, shot in enumerate(shots, 1)
        ],
        (14, 86, 36, 24),
    )
    taken = [(number, shot) for number, shot in enumerate(shots, 1) if shot.path]
    if taken:
        paper.text("已附的截图取自与本产品相同规则的测试环境，其中的投诉为标有“测试”的样例，不是真实投诉。")
    for number, shot in taken:
        assert shot.path is not None
        caption = f"截图{number}　{shot.picture.caption}"
        if shot.picture.name in AT_A_DESK:
            paper.strip(slices(shot.path, 1.3), caption, width=150, in_a_row=1)
        else:
            paper.strip(slices(shot.path, 2.3), caption, width=47, in_a_row=3)


def _still_open(paper: Paper, facts: Facts, shots: Sequence[Shot]) -> None:
    open_points = [
        *(f"{missing.what(ZH)}（规则文件 {missing.key}）" for missing in facts.policy.missing()),
        *(["统一社会信用代码（规则文件 provider.uscc）"] if not facts.policy.provider.uscc else []),
        *(["产品的公开网址（设置 COMPLAINTS_BASE_URL）"] if not facts.base else []),
        "入口在产品中的位置（第二部分）",
        "各岗位的人员（第八部分）",
        *(f"截图：{shot.picture.caption}" for shot in shots if not shot.path),
    ]
    if facts.trial:
        open_points.insert(0, "由负责人正式发布规则（flask complaints policy publish）")
    paper.heading("附件二　提交前须补充的内容")
    paper.bullets(open_points)


def _others(contacts: Contacts) -> list[str]:
    ways = {"电话": contacts.phone, "邮箱": contacts.mail}
    return [name for name, given in ways.items() if given]
