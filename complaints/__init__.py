"""The complaint and report channel of a generative-AI product, as a Flask extension."""

from complaints.base import signals
from complaints.base.errors import CallbackRefused, ComplaintsError, ConfigError, InputError, PolicyError
from complaints.base.version import __version__
from complaints.cases.attachments import Upload
from complaints.cases.commission import Commission
from complaints.cases.intake import Filed, Filing
from complaints.cases.people import Operator
from complaints.cases.reported import Answer, Turn
from complaints.extension import Complaints
from complaints.store.tables.base import include_name

__all__ = [
    "Answer",
    "CallbackRefused",
    "Commission",
    "Complaints",
    "ComplaintsError",
    "ConfigError",
    "Filed",
    "Filing",
    "InputError",
    "Operator",
    "PolicyError",
    "Turn",
    "Upload",
    "__version__",
    "include_name",
    "signals",
]
