"""The commented complaints.toml a provider starts from."""

from __future__ import annotations

import json

from complaints.policy.checking import LOG_MONTHS
from complaints.policy.model import Promises

# A line that begins with "# " is explanation; a line that begins with "#" and no space is an example to uncomment.
_TEMPLATE = """\
# What your product promises to people who complain. 您的产品对投诉人作出的承诺。
# Check it with:  flask complaints policy check    Publish it with:  flask complaints policy publish
# Everything not said here comes from the shipped profile; deadlines there are practice, not law.
# 没有写的内容沿用内置的规则；其中的期限是通行做法，不是法律规定，请自行决定。

extends = {profile}

# Who you are. role is "provider" (服务提供者) or "supporter" (服务技术支持者); whoever offers a product
# built on somebody else's model is a provider too. uscc is the 统一社会信用代码.
[provider]
name = {name}
product = {product}
role = {role}
address = {address}
uscc = {uscc}

# Shown in the footer. Leave a number empty until you have it; it is then listed as missing, never invented.
[numbers]
algorithm = {algorithm}        # 网信算备…号
algorithm_url = {algorithm_url}    # public link at beian.cac.gov.cn
model = {model}            # 模型备案号
online = {online}           # 上线编号, where there is no 备案号
icp = {icp}
icp_url = {icp_url}

# One block per model. own = false: a model of another company; then its vendor, its number and where the
# vendor takes complaints are told too; to vendor_mail operators can pass a complaint on, and to vendor_webhook,
# signed with the key that COMPLAINTS_VENDOR_KEYS holds for the vendor. This file is published: no secret in it.
#[[models]]
#name = "示例模型"
#own = false
#vendor = "示例科技有限公司"
#filing_number = ""
#complaint_route = "https://example.com/complaints"
#vendor_mail = "abuse@example.com"
#vendor_webhook = "https://example.com/hooks/complaints"

# How a person reaches you, and when (Beijing time, working days). The compliance contact gets the cases
# nobody else may review.
[contacts]
phone = {phone}
mail = {mail}
address = {contact_address}
hours_from = {hours_from}
hours_to = {hours_to}
compliance_name = {compliance_name}
compliance_mail = {compliance_mail}

# Shown before the form where someone may be in danger. Choose them with expert advice; none are shipped, and
# an empty one leaves its line out. exit_url is where “Leave this page” leads: an ordinary, unpersonalised site.
[emergency]
emergency = {emergency}
support = {support}
exit_url = {exit_url}

# How long someone may ask for a review (calendar days), and how often per complaint.
[review]
window_days = {window_days}
max_per_case = {max_per_case}

# case_years is your choice; logs are kept {log_least} months at least.
[retention]
case_years = {case_years}
log_months = {log_months}
draft_hours = {draft_hours}

# Pages that stay closed until you open them.
[public]
statistics = {statistics}
checkpoint = {checkpoint}

# Deadlines: wd = working days, sh = hours within the service hours above, h = hours round the clock (to be
# promised only with duty = "24x7" at the top of this file). cap_days bounds one in calendar days, 0 removes the
# cap. Names ending in _target are internal. The sets are: {sets}.
#[deadlines.{first_set}]
#accept = {{ amount = {accept}, unit = "wd" }}
#result = {{ amount = {result}, unit = "wd", cap_days = {cap} }}

# Other terms for the types of one severity (urgent, high, normal) that share these deadlines.
#[deadlines.{first_set}.severity.high]
#result = {{ amount = {result}, unit = "wd" }}

# Rename a type, or take it away. The types are:
{types}
#[types.{first_type}]
#label = {{ zh = "{type_zh}", en = "{type_en}" }}

#[types.{last_type}]
#enabled = false

# Add a type of your own.
#[types.agent_store]
#group = "{group}"
#label = {{ zh = "智能体商店", en = "Agent store" }}
#hint = {{ zh = "商店里的智能体有问题。例如：简介与实际不符", en = "An agent in the store is not right. Such as: it is not what its page says" }}
#required = ["details"]
#optional = ["link", "files", "mail"]
"""


def starter(policy: Promises) -> str:
    """The text of a first complaints.toml, with what `policy` already knows filled in."""
    provider, numbers, contacts, emergency = (
        policy.provider,
        policy.numbers,
        policy.contacts,
        policy.emergency,
    )
    strings = {
        "profile": policy.profile,
        "name": provider.name, "product": provider.product, "role": provider.role,
        "address": provider.address, "uscc": provider.uscc,
        "algorithm": numbers.algorithm, "algorithm_url": numbers.algorithm_url, "model": numbers.model,
        "online": numbers.online, "icp": numbers.icp, "icp_url": numbers.icp_url,
        "phone": contacts.phone, "mail": contacts.mail, "contact_address": contacts.address,
        "hours_from": contacts.hours_from, "hours_to": contacts.hours_to,
        "compliance_name": contacts.compliance_name, "compliance_mail": contacts.compliance_mail,
        "emergency": emergency.emergency, "support": emergency.support, "exit_url": emergency.exit_url,
    }  # fmt: skip
    kinds = list(policy.types.values())
    deadlines = next(iter(policy.deadlines.values()))
    accept, result = deadlines.published("accept"), deadlines.published("result")
    width = max(len(one.key) for one in kinds)
    return _TEMPLATE.format(
        # A JSON string is a TOML basic string as long as it holds no DEL, which the reader refuses.
        **{name: json.dumps(text, ensure_ascii=False) for name, text in strings.items()},
        window_days=policy.review.window_days,
        max_per_case=policy.review.max_per_case,
        case_years=policy.retention.case_years,
        log_months=policy.retention.log_months,
        log_least=LOG_MONTHS,
        draft_hours=policy.retention.draft_hours,
        statistics=str(policy.public.statistics).lower(),
        checkpoint=str(policy.public.checkpoint).lower(),
        sets=", ".join(policy.deadlines),
        first_set=deadlines.key,
        accept=accept.amount if accept else 1,
        result=result.amount if result else 1,
        cap=(result.cap_days or 0) if result else 0,
        types="\n".join(f"# {one.key.ljust(width)}  {one.label.zh}" for one in kinds),
        first_type=kinds[0].key,
        type_zh=kinds[0].label.zh,
        type_en=kinds[0].label.en,
        last_type=kinds[-2 if len(kinds) > 1 else -1].key,
        group=next(iter(policy.groups)),
    )
