"""核验说明: what a bundle proves, what it does not, and how to check it, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from complaints.base.clock import beijing, from_stamp

_TEXT = """\
投诉办理证据包 · 核验说明

{scope_zh}

一、怎么核验
1. 从本产品网站、正式信件或检查点邮件取得公钥（不要用包里的）。格式为：名称+八位十六进制+Base64。
2. 在装有 Python 3.11 或更新版本和 cryptography 的电脑上，不需要联网，运行：
   python verify.py --key "取得的公钥"
   没有 cryptography 的，联网运行一次：python -m pip install cryptography
   解开压缩包后在其中运行，或者写出压缩包的路径：python verify.py 证据包.zip --key "取得的公钥"
   换过密钥的，包里的换钥记录会把所给公钥与现在的连起来；请给出能取得的最新一把，不要同时给出旧的。
3. 手里有更早的检查点（邮件、网页存档、回执）的，加上：--checkpoint 文件
4. 每一步标有 [OK] 或 [!!]。全部为 [OK]、程序退出码为 0，即核验通过；退出码为 1，有一步未通过；为 2，无从核验。
   verify.py 就是本软件所用的同一个文件，可以另行从公开发布的软件包中取得后核对。

二、能证明什么
- 期间内的事件一条不少、没有增加、没有改动、顺序没有变，相对于由上述公钥签名的检查点而言。
- 每件投诉的事件首尾相接；公布的规则与当时一致；数字由日志重数得出。
- 所附时间戳（如有）证明检查点在该时间之前已经存在。

三、不能证明什么
- 事件所记内容本身是否属实。日志证明的是记录的顺序和收到之后的完整，不是事实真相。
- 从未写入日志的事。
- 同时掌握数据库和签名密钥的人可以重新签出另一份日志；只有存放在外部的检查点、时间戳和投诉人的回执能揭穿。

四、包里有什么
manifest.json 文件清单　manifest.note 清单的签名　log/ 事件、检查点和证明　policy/ 公布的规则和当时的页面
register.csv 登记表　handling-log.csv 办理日志　figures.json 数字　keys.json 公钥（仅供对照，不作信任依据）
flow.zh.svg 流程图　stamps/ 可信时间戳（如有）　log/keys.jsonl 换钥和吊销的记录
登记表和各件文书中的联系方式已遮盖；事件里只有个人信息的承诺值（加盐摘要）。登记表和数字以期末检查点为准，
其后发生的不在其中。标有测试的投诉不计入数字。{cases_zh}

----------------------------------------------------------------------------------------------------------------

A bundle of evidence on complaints: how to verify it

{scope_en}

1. Get the public key from the product's site, a letter or a mailed checkpoint, not from this bundle. It reads
   name+hash+key.
2. With Python 3.11 or newer and cryptography, without any network, run: python verify.py --key "THE KEY"
   Where the key has changed, the changes in the bundle connect the one you give with the present one; give the newest
   you can get, and no older one beside it.
3. With an older checkpoint from a mail, a saved page or a receipt, add: --checkpoint FILE
4. Each step says [OK] or [!!]. All [OK] and exit code 0 mean that everything holds; 1 that a step does not; 2 that
   nothing could be verified.

It proves that no event of the period is missing, added, changed or moved, as far as the checkpoints signed with
that key go; that each complaint's events follow one another; that the policies are those published; and that the
figures recount from the log. It does not prove that what an event says is true, nor that nothing was left
unwritten. Whoever holds both the database and the signing key can sign another log; checkpoints kept outside,
timestamps and complainants' receipts expose that.
{cases_en}
{vkey_note}
"""


def explanation(scope: Mapping[str, Any], vkey: str, cases: Sequence[Mapping[str, Any]] = ()) -> str:
    """The text of 核验说明.txt; `cases` are those that are in it as a whole."""
    if scope["kind"] == "case":
        zh, en = f"投诉编号：{scope['number']}", f"Complaint: {scope['number']}"
    else:
        since, until = (f"{beijing(from_stamp(scope[name])):%Y-%m-%d %H:%M}" for name in ("since", "until"))
        zh = f"期间（北京时间）：{since} 起，{until} 止（不含）"
        en = f"Period (UTC+8): from {since} up to {until}"
    name, number, _ = vkey.split("+", 2)
    note = f"公钥名称 name: {name}　编号 id: {number}"
    lines_zh, lines_en = _cases(cases)
    return _TEXT.format(scope_zh=zh, scope_en=en, cases_zh=lines_zh, cases_en=lines_en, vkey_note=note)


def _cases(cases: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    if not cases:
        return "", ""
    zh = ["", "cases/ 所附完整案件：事件、各事件在日志中的证明、遮盖个人信息后的文书"]
    en = [
        "",
        "cases/ holds chosen cases as a whole: events, their proofs, and a document with personal data masked.",
    ]
    for each in cases:
        zh.append(f"  {each['folder']}/　{each['number']}{'　〔测试〕' if each['test'] else ''}")
        en.append(f"  {each['folder']}/  {each['number']}{'  [test]' if each['test'] else ''}")
    return "\n".join(zh), "\n".join([*en, ""])
