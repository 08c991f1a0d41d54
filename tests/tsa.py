"""A real time stamp authority on the loopback: `openssl ts -reply` behind a small HTTP server, with a CA of the test."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = """
[tsa]
default_tsa = one
[one]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/chain.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
_EXTENSIONS = """
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """The authority's files; `reply` answers one query as `openssl ts -reply` does."""

    def __init__(self, folder: Path, *, chain: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.ca = folder, folder / "ca.pem"
        new = ("req", "-newkey", "rsa:2048", "-nodes")
        ca = ("-x509", "-keyout", folder / "ca.key", "-out", self.ca, "-days", "2", "-subj", "/CN=Test CA")
        openssl(*new, *ca)
        openssl(*new, "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr", "-subj", "/CN=Test TSA")
        (folder / "extensions").write_text(_EXTENSIONS)
        given = ("-in", folder / "tsa.csr", "-CA", self.ca, "-CAkey", folder / "ca.key", "-CAcreateserial")
        openssl(
            "x509",
            "-req",
            *given,
            "-days",
            "2",
            "-extfile",
            folder / "extensions",
            "-out",
            folder / "tsa.pem",
        )
        # With its own authority in the answer, openssl writes a set in an order that strict DER does not allow.
        (folder / "chain.pem").write_bytes(self.ca.read_bytes() if chain else b"")
        config = _CONFIG.format(folder=folder)
        (folder / "config").write_text(
            config if chain else config.replace(f"certs = {folder}/chain.pem\n", "")
        )
        (folder / "serial").write_text("01")
        self.asked, self.status, self.answer = [], 200, None

    def reply(self, query: bytes) -> bytes:
        self.asked.append(query)
        if self.answer is not None:
            return self.answer
        (self.folder / "query").write_bytes(query)
        openssl(
            "ts", "-reply", "-config", self.folder / "config", "-queryfile", self.folder / "query",
            "-out", self.folder / "answer",
        )  # fmt: skip
        return (self.folder / "answer").read_bytes()

    def holds(self, response: bytes, note: str, folder: Path) -> bool:
        """Whether `openssl ts -verify` takes a stored response for this note."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint.tsr").write_bytes(response)
        (folder / "checkpoint.txt").write_bytes(note.encode())
        return self.runs(
            f"openssl ts -verify -in {folder}/checkpoint.tsr -data {folder}/checkpoint.txt -CAfile {self.ca}"
        )

    @staticmethod
    def runs(line: str) -> bool:
        return subprocess.run(line.split(), capture_output=True, check=False).returncode == 0


@contextmanager
def serving(authority: Authority):
    """The authority's address while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.headers["Content-Type"] == "application/timestamp-query"
            answer = authority.reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
