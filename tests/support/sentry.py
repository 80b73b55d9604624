"""A server for what programs send to Sentry."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any


@contextmanager
def sink() -> Generator[tuple[str, list[dict[str, Any]]]]:
    """Take what a program sends to Sentry; gives the DSN and what has come."""
    items: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            lines = [json.loads(line) for line in body.split(b"\n") if line.startswith(b"{")]
            for header, item in pairwise(lines):
                if "type" in header:
                    items.append({**item, "kind": header["type"]})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://key@127.0.0.1:{server.server_port}/1", items
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
