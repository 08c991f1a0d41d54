"""Every table; importing this package registers all of them on `Base.metadata`."""

from complaints.store.tables.base import Base, include_name
from complaints.store.tables.cases import Attachment, Complaint, Disposal, Draft, Forward, Milestone, Token
from complaints.store.tables.log import (
    WAITING,
    Checkpoint,
    Event,
    LogState,
    LogTile,
    PersonKey,
    Private,
    Stream,
)
from complaints.store.tables.office import (
    ApiKey,
    CalendarYear,
    Operator,
    OperatorSession,
    PolicyVersion,
    ReplyTemplate,
    SavedView,
    Webhook,
)
from complaints.store.tables.work import Idempotency, Job, Lease, Limit, Outbox

__all__ = [
    "WAITING",
    "ApiKey",
    "Attachment",
    "Base",
    "CalendarYear",
    "Checkpoint",
    "Complaint",
    "Disposal",
    "Draft",
    "Event",
    "Forward",
    "Idempotency",
    "Job",
    "Lease",
    "Limit",
    "LogState",
    "LogTile",
    "Milestone",
    "Operator",
    "OperatorSession",
    "Outbox",
    "PersonKey",
    "PolicyVersion",
    "Private",
    "ReplyTemplate",
    "SavedView",
    "Stream",
    "Token",
    "Webhook",
    "include_name",
]
