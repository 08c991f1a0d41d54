"""What events and channels are called, on pages and in documents."""

from __future__ import annotations

from complaints.base.translations import gettext as t


def happened(kind: str) -> str:
    """What happened, as a short sentence without its subject."""
    return {
        "filed": t("Complaint received"),
        "accepted": t("Taken on"),
        "declined": t("Not taken on"),
        "started": t("Work began"),
        "asked": t("Complainant was asked"),
        "supplied": t("Complainant supplied what was asked for"),
        "resumed": t("Clock runs again"),
        "message": t("Complainant wrote"),
        "replied": t("Reply sent"),
        "noted": t("Internal note"),
        "assigned": t("Put in charge"),
        "transferred": t("Handed to another team"),
        "reclassified": t("Type or class changed"),
        "action": t("Measure recorded"),
        "decided": t("Answered"),
        "decided_with_lead": t("Answered together with the joined complaint"),
        "taken_back": t("Answer taken back before it went out"),
        "released": t("Answer went out"),
        "closed": t("Closed"),
        "appealed": t("Complainant asked for a review"),
        "confirmed": t("Review: answer stands"),
        "changed": t("Review: answer changed"),
        "overturned": t("Review: taken on after all"),
        "sent_back": t("Review: to be done again"),
        "withdrawn": t("Complainant withdrew"),
        "merged": t("Joined with another complaint"),
        "unmerged": t("Separated again"),
        "reopened": t("Opened again"),
        "linked": t("Linked with another complaint"),
        "unlinked": t("No longer linked with another complaint"),
        "rated": t("Complainant rated the handling"),
        "viewed": t("Opened"),
        "downloaded": t("Original file downloaded"),
        "contact_verified": t("Mail address confirmed"),
        "code_renewed": t("New access code"),
        "clock": t("A date came due"),
        "erased": t("Personal data deleted"),
        "rescheduled": t("Dates reckoned anew"),
        "erasure_ordered": t("Deletion before its time ordered"),
        "restricted": t("Deletion requested: from here on only stored"),
        "unrestricted": t("The request for deletion was withdrawn"),
        "disclosed": t("What we keep was shown or downloaded"),
        "kept": t("Time of keeping set"),
        "held": t("Held back from deletion"),
        "hold_lifted": t("No longer held back from deletion"),
        "action_done": t("Measure carried out"),
        "action_failed": t("Measure not carried out"),
        "action_retried": t("Measure tried again"),
        "retested": t("Retest recorded"),
        "message_retried": t("Message sent again"),
        "message_dropped": t("Message given up for good"),
        "forwarded": t("Passed on to the model's vendor"),
        "forward_sent": t("The vendor was told"),
        "forward_failed": t("The vendor could not be told"),
        "vendor_numbered": t("The vendor gave a number"),
        "vendor_answered": t("The vendor answered"),
        "third_party": t("Data of a third party named"),
    }.get(kind, kind)


def channels() -> dict[str, str]:
    """How a complaint came."""
    return {
        "web": t("Form"),
        "embed": t("Embedded form"),
        "api": t("Interface"),
        "host": t("From the product"),
        "phone": t("By phone"),
        "mail": t("By mail"),
        "letter": t("By letter"),
        "visit": t("In person"),
    }
