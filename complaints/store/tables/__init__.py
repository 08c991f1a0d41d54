"""Every table; importing this package registers all of them on `Base.metadata`."""

from complaints.store.tables.base import Base, include_name
from complaints.store.tables.cases import Attachment, Complaint, Disposal, Draft, Milestone, Token
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
    CalendarYear,
    Operator,
    OperatorSession,
    PolicyVersion,
    ReplyTemplate,
)
from complaints.store.tables.work import Job, Lease, Limit, Outbox

__all__ = [
    "WAITING",
    "Attachment",
    "Base",
    "CalendarYear",
    "Checkpoint",
    "Complaint",
    "Disposal",
    "Draft",
    "Event",
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
    "Stream",
    "Token",
    "include_name",
]
