"""What only the provider can say: found here, shown to operators, never invented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from complaints.policy.labels import Label
from complaints.policy.model import Promises


@dataclass(frozen=True)
class Missing:
    """A key of the policy file nobody has filled in, and what belongs there."""

    key: str
    what: Label


def find(policy: Promises) -> tuple[Missing, ...]:
    """Every gap, in the order of the file."""
    return tuple(_gaps(policy))


def _gaps(policy: Promises) -> Iterator[Missing]:
    provider, numbers, contacts, emergency = (
        policy.provider,
        policy.numbers,
        policy.contacts,
        policy.emergency,
    )
    crisis = any(one.crisis for one in policy.types.values())
    leaving = any(one.exit for one in policy.types.values())
    for key, said, zh, en in (
        ("provider.name", provider.name, "服务提供者的全称", "full name of the provider"),
        ("provider.product", provider.product, "产品名称", "name of the product"),
        ("provider.address", provider.address, "服务提供者的地址", "address of the provider"),
        ("contacts.phone", contacts.phone, "投诉举报电话", "complaint phone number"),
        ("contacts.mail", contacts.mail, "投诉举报邮箱", "complaint mail address"),
        ("contacts.compliance_name", contacts.compliance_name, "合规联系人", "compliance contact"),
        (
            "contacts.compliance_mail",
            contacts.compliance_mail,
            "合规联系人的邮箱",
            "compliance contact's mail address",
        ),
        ("numbers.algorithm", numbers.algorithm, "算法备案号", "algorithm filing number"),
        (
            "numbers.algorithm_url",
            numbers.algorithm_url,
            "算法备案公示信息链接",
            "link to the public algorithm filing",
        ),
        (
            "numbers.model",
            numbers.model or numbers.online,
            "模型备案号或上线编号",
            "model filing number or online number",
        ),
        ("numbers.icp", numbers.icp, "ICP备案号", "ICP number"),
        ("models", policy.models, "所用模型的名称和备案号", "models in use, with their filing numbers"),
        (
            "emergency.emergency",
            emergency.emergency or not crisis,
            "危险时刻可联系谁",
            "whom to contact in danger",
        ),
        ("emergency.support", emergency.support or not crisis, "想找人说说时可联系谁", "whom to talk to"),
        (
            "emergency.exit_url",
            emergency.exit_url or not leaving,
            "“离开此页”的去处",
            "where “Leave this page” leads",
        ),
    ):
        if not said:
            yield Missing(key, Label(zh, en))
    for place, model in enumerate(policy.models):
        if not model.filing_number:
            yield Missing(
                f"models[{place}].filing_number",
                Label(f"模型“{model.name}”的备案号或上线编号", f"filing number of the model “{model.name}”"),
            )
        if not model.own and not model.vendor:
            yield Missing(
                f"models[{place}].vendor",
                Label(f"模型“{model.name}”的提供方", f"vendor of the model “{model.name}”"),
            )
        if not model.own and not model.complaint_route:
            yield Missing(
                f"models[{place}].complaint_route",
                Label(
                    f"模型“{model.name}”提供方的投诉途径", f"complaint route of the vendor of “{model.name}”"
                ),
            )
