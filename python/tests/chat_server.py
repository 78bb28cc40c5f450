"""A chat-completions endpoint on this machine, with answers, silences and failures that a test chooses."""

import contextlib
import http.server
import json
import threading


class Endpoint:
    """What the server does, and what it was asked."""

    def __init__(self, status=200):
        self.status = status
        self.text = lambda number: str(number % 10)  # Of the answer to this request; 1 is the first.
        self.answers = threading.Event()  # Cleared while the endpoint is silent.
        self.answers.set()
        self.requests = []
        self.keys = []
        self.base_url = ""


def _handler(endpoint):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint.keys.append(self.headers.get("Authorization"))
            endpoint.requests.append(body)
            endpoint.answers.wait()
            number = len(endpoint.requests)
            answer = {
                "id": f"answer-{number}",
                "object": "chat.completion",
                "model": body["model"],
                "choices": [{"index": 0, "message": {"role": "assistant", "content": endpoint.text(number)},
                             "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
            }
            if endpoint.status != 200:
                answer = {"error": {"message": "not today", "type": "error"}}
            data = json.dumps(answer).encode()
            with contextlib.suppress(OSError):  # The client may have gone.
                self.send_response(endpoint.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def log_message(self, format, *arguments):
            pass

    return Handler


@contextlib.contextmanager
def serve(**behaviour):
    endpoint = Endpoint(**behaviour)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint))
    server.daemon_threads = True
    endpoint.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.answers.set()
        server.shutdown()
        server.server_close()
        thread.join()
