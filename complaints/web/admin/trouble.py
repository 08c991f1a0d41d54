"""Why a message did not leave, in a sentence, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from complaints.administration import reach
from complaints.base.translations import gettext as t

_TEMPORARY = 500


@dataclass(frozen=True)
class Trouble:
    """What happened and what to do; `code` is the class as it is kept, for whoever runs the server."""

    what: str
    remedy: str
    code: str


def told(reason: str) -> Trouble:
    """The sentence for a message's `last_error`; one nobody foresaw is told by its class."""
    name, _, code = reason.partition(" ")
    for table in (_ours, _ended, _mail, _others):
        if name in (known := table()):
            return Trouble(*known[name], reason)
    if name == "SMTPRecipientsRefused":
        return Trouble(*_refused(code), reason)
    if name == "Dropped":
        return Trouble(
            t("Dropped by an operator: {reason}", reason=drop_reasons().get(code, code)), "", reason
        )
    for family, said in _families().items():
        if name.startswith(family):
            return Trouble(*said, reason)
    return Trouble(
        t("It failed with {code}", code=reason),
        t("Look into the log of the server for this moment; then send it again."),
        reason,
    )


def drop_reasons() -> dict[str, str]:
    """Why an operator lets a message rest."""
    return {
        "told": t("They were told another way"),
        "settled": t("It no longer matters"),
        "gone": t("Nobody can be reached there"),
        "mistake": t("It should never have been sent"),
    }


def _ours() -> dict[str, tuple[str, str]]:
    """What must be set up first; nothing is lost meanwhile, and no attempt is counted."""
    mail = t("Set COMPLAINTS_MAIL_SERVER and COMPLAINTS_MAIL_SENDER, or the product's MAIL_*.")
    policy = t("Write it into the policy file and publish it, or tell the vendor by hand.")
    return {
        "NobodyToTell": (t("No operator it is meant for has a mail address"), _sentence(reach.remedy())),
        "NoMail": (t("No mail server is set"), mail),
        "NoMailServer": (t("No mail server is set"), mail),
        "NoMailSender": (t("No sender for mails is set"), mail),
        "NoBaseUrl": (
            t("COMPLAINTS_BASE_URL is not set, so that mails cannot carry links"),
            t("Set it to the product's https address."),
        ),
        "NoDisposalCallback": (
            t("A measure is to be carried out by the product, and the product has registered nothing for it"),
            t("Register it with on_disposal, or carry the measure out and mark it on its case."),
        ),
        "NoVendorMail": (t("The policy no longer names a mail address of the vendor"), policy),
        "NoVendorWebhook": (t("The policy no longer names a webhook of the vendor"), policy),
        "NoVendorKey": (
            t("COMPLAINTS_VENDOR_KEYS holds no key for the vendor"),
            t("Agree on a key with the vendor and put it into COMPLAINTS_VENDOR_KEYS."),
        ),
    }


def _ended() -> dict[str, tuple[str, str]]:
    """Why a message is no longer meant for anybody; there is nothing to do."""
    return {
        "Settled": (t("What it told of was settled before it left"), ""),
        "Erased": (t("The personal data of this case has been deleted"), ""),
        "StoredOnly": (t("The data of this case is only stored since its deletion was asked for"), ""),
        "NoComplaint": (t("Its complaint no longer exists"), ""),
        "NoContact": (t("The complainant left no address for this way"), ""),
        "MailOnly": (t("This is told by mail only"), ""),
        "NotWanted": (t("This person no longer gets the monthly report"), ""),
        "NoAudience": (t("No chat room listens; the same is told by mail"), ""),
        "NoCallback": (
            t("The product has registered nothing to tell complainants this way"),
            t("Register it with on_notify if people leave a number."),
        ),
        "NoWitness": (t("The address is no longer among COMPLAINTS_WITNESSES"), ""),
        "NoCheckpoint": (t("The checkpoint it carries is not there"), ""),
        "WebhookRemoved": (t("The webhook was removed"), ""),
        "WebhookPaused": (t("The webhook is paused"), ""),
    }


def _mail() -> dict[str, tuple[str, str]]:
    log_in = t("Correct COMPLAINTS_MAIL_USERNAME and COMPLAINTS_MAIL_PASSWORD, then send it again.")
    away = t("See whether the mail server runs and can be reached from here.")
    settings = t("Compare server, port and security on the settings page, then send it again.")
    certificate = t("Give the server a valid certificate, or name its authority in COMPLAINTS_MAIL_CA_FILE.")
    return {
        "SMTPAuthenticationError": (t("The mail server refused our log-in"), log_in),
        "SMTPSenderRefused": (
            t("The mail server refused our sender"),
            t("Set COMPLAINTS_MAIL_SENDER to an address this server may send for."),
        ),
        "SMTPConnectError": (t("The mail server did not greet us"), away),
        "SMTPHeloError": (t("The mail server did not greet us"), away),
        "SMTPServerDisconnected": (t("The mail server hung up"), away),
        "SMTPNotSupportedError": (t("The mail server cannot do what the settings ask for"), settings),
        "SMTPDataError": (
            t("The mail server refused the message itself"),
            t("Ask whoever runs it for the reason; often it takes us for spam. Then send it again."),
        ),
        "gaierror": (t("The name of the mail server is not known"), settings),
        "ConnectionRefusedError": (t("Nothing answers at the mail server's port"), settings),
        "TimeoutError": (t("The mail server did not answer in time"), away),
        "SSLCertVerificationError": (t("The mail server's certificate is not valid"), certificate),
        "SSLError": (t("No encrypted connection to the mail server came about"), settings),
        "BadAddress": (
            t("The address cannot be a mail address"),
            t(
                "Tell this person another way, then drop the message. An operator's address is changed under “Operators”."
            ),
        ),
        "ControlCharacter": (
            t("A name, address or subject holds a character no mail may carry"),
            t(
                "Tell this person another way, then drop the message. An operator's address is changed under “Operators”."
            ),
        ),
    }


def _refused(code: str) -> tuple[str, str]:
    if code.isdecimal() and int(code) >= _TEMPORARY:
        return (
            t("The mail server says that there is no such mailbox, or that it takes nothing from us"),
            t("Check the address with the person, tell them another way, then drop the message."),
        )
    return t("The mailbox does not take anything now"), t(
        "A full mailbox takes time; tell them another way if it lasts."
    )


def _others() -> dict[str, tuple[str, str]]:
    address = t("Correct the address under “Webhooks”, or the vendor's in the policy.")
    network = t("Name the network in COMPLAINTS_WEBHOOK_NETWORKS if it may be told, or change the address.")
    return {
        "WebhookNoSuchHost": (t("The name in the address is not known"), address),
        "WebhookPrivateAddress": (t("The address leads into a private network"), network),
        "WebhookAddress": (t("The address may not be told"), address),
        "WebhookCertificate": (
            t("The certificate of the other side is not valid"),
            t("Tell whoever runs the receiving program."),
        ),
        "WebhookTimeout": (
            t("The receiving program did not answer in time"),
            t("Tell whoever runs the receiving program."),
        ),
        "PushTimeout": (
            t("The chat service did not answer in time"),
            t("See whether it can be reached from here."),
        ),
        "PushRefused": (
            t("The chat service refused the message"),
            t("See whether the robot still exists and put its present address into COMPLAINTS_PUSH."),
        ),
        "CallbackTimeout": (
            t("The product did not answer in time"),
            t("Tell the product's developers, or carry the measure out and mark it on its case."),
        ),
        "CallbackRefused": (
            t("The product refused to carry the measure out"),
            t("Carry the measure out by hand and mark it on its case."),
        ),
        "UnknownChannel": (
            t("No way of this name exists any more"),
            t("Tell this person another way, then drop the message."),
        ),
    }


def _families() -> dict[str, tuple[str, str]]:
    return {
        "Webhook": (
            t("The receiving program could not be reached, or refused the message"),
            t("Tell whoever runs the receiving program."),
        ),
        "SMTP": (
            t("The mail server refused"),
            t("Ask whoever runs the mail server, then send it again."),
        ),
        "SSL": (
            t("No encrypted connection to the mail server came about"),
            t("Compare server, port and security on the settings page, then send it again."),
        ),
        "Connection": (
            t("The connection to the mail server broke"),
            t("See whether the mail server runs and can be reached from here."),
        ),
    }


def _sentence(text: str) -> str:
    """A remedy of `doctor` as a sentence of its own."""
    return text[:1].upper() + text[1:]
