"""Pages of somebody else, on another origin, with the policy their owner set."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Neighbour:
    """A server of pages by path; `csp` is the policy of those that bring none, `asked` what was requested."""

    def __init__(self, host):
        self.host, self.pages, self.csp, self.asked = host, {}, "", []
        neighbour = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                neighbour.asked.append(self.path)
                page, csp = neighbour.pages.get(self.path.partition("?")[0], (None, ""))
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if csp:
                    self.send_header("Content-Security-Policy", csp)
                self.end_headers()
                self.wfile.write((page or "").encode())

            def log_message(self, *said):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://{host}:{self.server.server_port}"

    def page(self, path, body, head="", csp=None):
        """Put a page at a path; returns its address."""
        html = (
            '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>产品</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<link rel="icon" href="data:,">{head}</head><body>{body}</body></html>'
        )
        self.pages[path] = (html, self.csp if csp is None else csp)
        return self.origin + path


@contextmanager
def next_door(host="localhost"):
    """A neighbour until the block ends; `localhost` is another site than 127.0.0.1."""
    neighbour = Neighbour(host)
    thread = threading.Thread(target=neighbour.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield neighbour
    finally:
        neighbour.server.shutdown()
        thread.join(10)
        neighbour.server.server_close()
