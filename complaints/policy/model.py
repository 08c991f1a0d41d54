"""The words of a policy: one frozen dataclass per table of the TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from complaints.policy.labels import NOTHING, Label
from complaints.policy.terms import DeadlineSet, Severity, StepRule, Weight, usual_steps


def _form(name: str, default: str = "") -> Any:
    return field(default=default, metadata={"form": name})


def _optional(form: str) -> Any:
    return field(default=None, metadata={"form": form})


def _table() -> Any:
    return field(default_factory=dict)


@dataclass(frozen=True)
class Provider:
    """Who runs the product; `role` is 服务提供者 or 服务技术支持者, `uscc` the 统一社会信用代码."""

    name: str = ""
    product: str = ""
    role: Literal["provider", "supporter"] = "provider"
    address: str = ""
    uscc: str = ""


@dataclass(frozen=True)
class FilingNumbers:
    """Numbers shown to the public: 算法备案号, 模型备案号, 上线编号, ICP, each with its public link."""

    algorithm: str = ""
    algorithm_url: str = _form("url")
    model: str = ""
    online: str = ""
    icp: str = ""
    icp_url: str = _form("url")


@dataclass(frozen=True)
class Model:
    """A model the product uses; of another's model the vendor, number and complaint route are told.

    To `vendor_mail` or `vendor_webhook` complaints can be passed on; both are shown to operators only. Left out they
    are no part of what is published, so that a policy without them keeps its digest.
    """

    name: str
    own: bool = False
    vendor: str = ""
    filing_number: str = ""
    complaint_route: str = ""
    vendor_mail: str | None = _optional("mail")
    vendor_webhook: str | None = _optional("https")


@dataclass(frozen=True)
class Contacts:
    """Ways to reach a person; `hours_from` and `hours_to` (HH:MM, Beijing) bound the service hours."""

    phone: str = ""
    mail: str = _form("mail")
    address: str = ""
    hours_from: str = _form("clock", "09:00")
    hours_to: str = _form("clock", "18:00")
    compliance_name: str = ""
    compliance_mail: str = _form("mail")


@dataclass(frozen=True)
class Emergency:
    """Contacts of the crisis note and the target of 离开此页; empty ones leave their line out."""

    emergency: str = ""
    support: str = ""
    exit_url: str = _form("url")


@dataclass(frozen=True)
class Basis:
    """A rule a type rests on, and how much it weighs."""

    text: Label
    kind: Weight = "law"
    url: str = _form("url")


@dataclass(frozen=True)
class ComplaintType:
    """One thing a person can complain about, and what filing it takes.

    `risk_default` are the classes proposed to the operator; `about_content` says that one is chosen at all.
    `contact_required` adds to the fields: at least one of the named contacts must be given. `team` is the key of the
    team it arrives with, told to operators only and no part of what is published where it is left out.
    """

    key: str
    group: str
    label: Label
    hint: Label
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    anonymous: bool = True
    contact_required: Literal["", "mail_or_phone", "mail", "phone"] = ""
    severity: Severity = "normal"
    restricted: bool = False
    about_content: bool = False
    risk_default: tuple[str, ...] = ()
    crisis: bool = False
    exit: bool = False
    deadlines: str = "general"
    routes: tuple[str, ...] = ()
    basis: tuple[Basis, ...] = ()
    team: str | None = _optional("key")


@dataclass(frozen=True)
class Field:
    """One question of the form; `max` counts characters, for `files` the number of files."""

    key: str
    label: Label
    hint: Label = NOTHING
    kind: Literal["text", "textarea", "tel", "email", "url", "choice", "checkbox", "files", "answer"] = "text"
    max: int = 200
    choices: Mapping[str, Label] = _table()
    personal: bool = False
    autocomplete: str = ""


@dataclass(frozen=True)
class RiskClass:
    """One of the 31 classes; `map12377` are the categories of 12377 it would be reported under."""

    key: str
    label: Label
    group: str
    map12377: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action:
    """A disposal action an operator can record.

    `immediate` acts at the click (harm), others after the undo time; `needs_target` asks what it was done to;
    `retest` may carry a retest; `authority` asks for authority, channel and report number.
    """

    key: str
    label: Label
    family: Literal["content", "model", "user", "record", "private_law"]
    basis: Label = NOTHING
    immediate: bool = False
    needs_target: bool = False
    retest: bool = False
    authority: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a complaint can be answered."""

    key: str
    label: Label
    needs_reason: bool = True


@dataclass(frozen=True)
class Reason:
    """A reason an operator chooses; `text` may be shown to the complainant; empty `types` means all."""

    key: str
    label: Label
    text: Label
    outcomes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def fits(self, type_key: str, outcome: str = "") -> bool:
        """Whether it can be given for a complaint of this type and, where one is named, this outcome."""
        typed = not self.types or type_key in self.types
        return typed and (not outcome or not self.outcomes or outcome in self.outcomes)


@dataclass(frozen=True)
class ExternalRoute:
    """A place outside the product where this kind of matter belongs."""

    key: str
    name: Label
    for_what: Label = NOTHING
    phone: str = ""
    url: str = _form("url")
    address: str = ""


@dataclass(frozen=True)
class Review:
    """Appeal: open for `window_days` calendar days after the answer, `max_per_case` times."""

    window_days: int = 30
    max_per_case: int = 1


@dataclass(frozen=True)
class Pause:
    """Waiting for the complainant lasts at most `max_wd` working days."""

    max_wd: int = 10


@dataclass(frozen=True)
class Retention:
    """How long cases (years), logs (months) and unsent drafts (hours) are kept."""

    case_years: int = 3
    log_months: int = 6
    draft_hours: int = 2


@dataclass(frozen=True)
class Public:
    """Pages that are closed until the provider opens them."""

    statistics: bool = False
    checkpoint: bool = False


@dataclass(frozen=True)
class Promises:
    """Everything a policy says; `complaints.policy.profile.Policy` adds reading, writing and its digest."""

    profile: str
    title: Label
    types: Mapping[str, ComplaintType]
    groups: Mapping[str, Label]
    fields: Mapping[str, Field]
    risk_groups: Mapping[str, Label]
    risk_classes: Mapping[str, RiskClass]
    actions: Mapping[str, Action]
    outcomes: Mapping[str, Outcome]
    decision_reasons: Mapping[str, Reason]
    decline_reasons: Mapping[str, Reason]
    ask_reasons: Mapping[str, Reason]
    routes: Mapping[str, ExternalRoute]
    deadlines: Mapping[str, DeadlineSet]
    steps: Mapping[str, StepRule] = field(default_factory=usual_steps)
    provider: Provider = Provider()
    numbers: FilingNumbers = FilingNumbers()
    models: tuple[Model, ...] = ()
    contacts: Contacts = Contacts()
    emergency: Emergency = Emergency()
    duty: Literal["office", "24x7"] = "office"
    review: Review = Review()
    pause: Pause = Pause()
    retention: Retention = Retention()
    public: Public = Public()
    undo_seconds: int = 120
    close_after_window: bool = True
    calendar: str = "cn"
    notes: str = ""

    def deadlines_of(self, complaint_type: str) -> DeadlineSet:
        """The deadlines of a complaint of this type, by its set and its severity; raises KeyError."""
        kind = self.types[complaint_type]
        return self.deadlines[kind.deadlines].at(kind.severity)
