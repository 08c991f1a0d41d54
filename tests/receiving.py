"""A real HTTP server on the loopback that takes webhooks, or refuses, redirects and dawdles as told."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

from standardwebhooks.webhooks import Webhook


@dataclass
class Arrived:
    path: str
    host: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self):
        return self.headers["webhook-id"]

    def read(self, key, now):
        """The message by the library of the Standard Webhooks project, at a moment; raises where it would refuse."""

        class Then(datetime):
            @classmethod
            def now(cls, tz=None):
                return now.astimezone(tz)

        with patch("standardwebhooks.webhooks.datetime", Then):
            return Webhook(key).verify(self.body, self.headers)


class Receiver:
    """Records what arrives; `answers` are status codes still to give before all is well, or (status, header, value)."""

    def __init__(self):
        self.arrived, self.answers = [], []
        self.awake = threading.Event()
        self.awake.set()
        self.url = ""


@contextmanager
def receiving(receiver, context=None):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.arrived.append(Arrived(self.path, self.headers["Host"], headers, body))
            receiver.awake.wait(30)
            answer = receiver.answers.pop(0) if receiver.answers else 204
            status, *header = answer if isinstance(answer, tuple) else (answer,)
            self.send_response(status)
            if header:
                self.send_header(*header)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    receiver.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}/hook?token=1"
    try:
        yield receiver
    finally:
        receiver.awake.set()
        server.shutdown()
        server.server_close()
        thread.join()
