"""Real SMTP servers on the loopback: one that records and answers as told, one that never answers."""

from __future__ import annotations

import datetime as dt
import errno
import ipaddress
import socket
import ssl
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Answers:
    """Records what arrives; `rcpt` and `data` are the answers still to give, before all is well."""

    def __init__(self):
        self.mails, self.rcpt, self.data, self.on_data, self.on_quit = [], [], [], None, None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - the name aiosmtpd calls
        answer = self.rcpt.pop(0) if self.rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the name aiosmtpd calls
        if self.on_data is not None:
            self.on_data()
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer.startswith("250"):
            self.mails.append(envelope)
        return answer

    async def handle_QUIT(self, server, session, envelope):  # noqa: N802 - the name aiosmtpd calls
        if self.on_quit == "hang up":
            server.transport.abort()
        return "221 Bye"


@contextmanager
def serving(answers, **options):
    for attempt in range(10):
        controller = Controller(answers, hostname="127.0.0.1", port=free_port(), **options)
        try:
            controller.start()
            break
        except OSError as error:
            # Between the look and the binding somebody else's connection may have taken the port.
            if error.errno != errno.EADDRINUSE or attempt == 9:
                raise
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def silent():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Authority:
    """A certificate authority of our own and a certificate for 127.0.0.1."""

    def __init__(self, folder):
        key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = _certificate("Test authority", key, key, None)
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        own = ec.generate_private_key(ec.SECP256R1())
        server = _certificate("127.0.0.1", own, key, self.certificate.subject)
        chain = folder / "server.pem"
        chain.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + server.public_bytes(serialization.Encoding.PEM)
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain)


def _certificate(name, key, signer, issuer):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if issuer is not None:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(signer, hashes.SHA256())
