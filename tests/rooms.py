"""A real HTTP server on the loopback that answers as the robots of chat rooms do, or fails as told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Robots:
    """Records what arrives; `answers` are the status codes or bodies still to give, before all is well."""

    def __init__(self):
        self.messages, self.queries, self.answers = [], [], []
        self.slow = threading.Event()
        self.slow.set()

    @property
    def texts(self):
        """What people would read, whichever robot was spoken to."""
        return [_text(each) for each in self.messages]


def _text(message):
    for key, inner in (("text", "content"), ("content", "text")):
        if isinstance(message.get(key), dict):
            return message[key][inner]
    return f"{message['title']}\n{message['message']}"


@contextmanager
def listening(robots, port=0):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            robots.slow.wait(30)
            answer = robots.answers.pop(0) if robots.answers else 200
            status, said = (200, answer) if isinstance(answer, dict) else (answer, {"errcode": 0, "code": 0})
            if status == 200 and not said.get("code"):
                robots.messages.append(body)
                robots.queries.append(parse_qs(urlsplit(self.path).query))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        robots.slow.set()
        server.shutdown()
        server.server_close()
        thread.join()
