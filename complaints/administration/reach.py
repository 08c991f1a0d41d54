"""Who hears of complaints, and whom nobody would reach: silence is found before it matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.administration.installation import Installation
from complaints.base.translations import gettext as t
from complaints.delivery.health import untold
from complaints.delivery.people import COMPLIANCE, GROUPS, People, Recipient, eligible
from complaints.policy.model import Promises

_AUDIENCE = {"assignee": "operators"}


@dataclass(frozen=True)
class Gap:
    """Something that is not as it ought to be: what it is, and what to do about it."""

    level: Literal["look", "fail"]
    what: str
    remedy: str


def with_compliance(installation: Installation, people: People | None = None) -> People:
    """These people and the policy's compliance contact, who need not be an operator."""

    def everybody(session: Session) -> list[Recipient]:
        contacts = installation.in_force(session).policy.contacts
        found = list((people or installation.directory.people)(session))
        if contacts.compliance_mail:
            roles = frozenset({COMPLIANCE})
            found.append(
                Recipient(
                    COMPLIANCE, contacts.compliance_name, contacts.compliance_mail, roles, restricted=True
                )
            )
        return found

    return everybody


def waiting(session: Session, *, restricted: bool = True) -> int:
    """How many notices wait for somebody to tell, without `restricted` of those about other cases; one short statement."""
    return session.scalar(select(untold(restricted=restricted))) or 0


def remedy() -> str:
    """What to do where a notice finds nobody."""
    return t(
        "give an operator of that role a mail address, or write contacts.compliance_mail into the policy and publish it"
    )


def gaps(
    installation: Installation, session: Session, people: People | None = None, *, restricted: bool = True
) -> Iterator[Gap]:
    """Groups without anybody who can be told, steps that only a room would hear of, notices that wait."""
    stuck = waiting(session, restricted=restricted)
    if stuck:
        yield Gap("fail", t("reminders: {n} notices wait, for nobody can be told", n=stuck), remedy())
    here = with_compliance(installation, people)(session)
    for group in GROUPS:
        if not eligible(here, group, restricted=False):
            yield Gap("fail", t("reminders: nobody can be told as {group}", group=group), remedy())
        elif not eligible(here, group, restricted=True):
            yield Gap(
                "look",
                t("reminders: of restricted types nobody can be told as {group}", group=group),
                t("clear an operator with a mail address for restricted types"),
            )
    policy = installation.in_force(session).policy
    yield from _rooms(installation, policy)
    yield from _vendors(installation, policy)


def _rooms(installation: Installation, policy: Promises) -> Iterator[Gap]:
    for rule in policy.steps.values():
        for who in rule.tell:
            audience = _AUDIENCE.get(who, who)
            if "push" not in rule.by or installation.rooms.named(audience):
                continue
            if "mail" not in rule.by:
                yield Gap(
                    "fail",
                    t(
                        "reminders: step {step} tells {audience} by push alone, and no room listens",
                        step=rule.key,
                        audience=audience,
                    ),
                    t("name a room in COMPLAINTS_PUSH, or add mail to the step"),
                )
            elif installation.rooms.addresses:
                yield Gap(
                    "look",
                    t(
                        "reminders: step {step} has no room for {audience}; they are told by mail",
                        step=rule.key,
                        audience=audience,
                    ),
                    t("name one in COMPLAINTS_PUSH, or take push out of the step"),
                )


def _vendors(installation: Installation, policy: Promises) -> Iterator[Gap]:
    told = dict.fromkeys(each.vendor for each in policy.models if each.vendor_webhook)
    for vendor in told:
        if vendor not in installation.vendor_keys:
            yield Gap(
                "look",
                t("vendors: no key signs what {vendor} would be told by its vendor_webhook", vendor=vendor),
                t("agree on a key with the vendor and put it into COMPLAINTS_VENDOR_KEYS"),
            )
    for vendor in installation.vendor_keys:
        if vendor not in told:
            yield Gap(
                "look",
                t(
                    "vendors: COMPLAINTS_VENDOR_KEYS holds a key for “{vendor}”, which has no vendor_webhook",
                    vendor=vendor,
                ),
                t("write the vendor's name as it stands in the policy, or take the key away"),
            )
