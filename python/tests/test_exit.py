"""The interpreter ends while threads are inside the library; daemon threads are not waited for."""

import subprocess
import sys

import pytest

SETUP = """
import hashlib, json, sys, threading, time, pinchbeck
sys.setswitchinterval(1e-4)
digest = hashlib.sha256(b"A digit?").hexdigest()
asked = {"temperature": 1, "max_tokens": 4, "prompt_sha256": digest}
recording = pinchbeck.Recording.from_dicts(
    {"probe": "p", "request": asked, "response": {"text": str(i % 10)}} for i in range(100))
fingerprint = pinchbeck.enroll(recording, model="m").fingerprint
observer = pinchbeck.Observer(fingerprint, models=["m"])
request = json.dumps({"model": "m", "messages": [{"role": "user", "content": "A digit?"}], "temperature": 1, "max_tokens": 4})
body = json.dumps({"choices": [{"message": {"content": "7"}, "finish_reason": "stop"}], "more": [1.5] * 25_000})
begun = threading.Semaphore(0)

def forever(call):
    begun.release()
    while True:
        call()

def start(call, count=16):
    for _ in range(count):
        threading.Thread(target=forever, args=(call,), daemon=True).start()
    for _ in range(count):
        begun.acquire()
    time.sleep(0.05)
"""

CALLS = {
    # Takes the lock again after a call.
    "observe": "start(lambda: observer.observe(request, body))",
    # The same where an object is dropped, in a destructor.
    "open": "start(lambda: observer.open(request))",
    # Python is called, waits there, and calls again.
    "stream": """
def send():
    time.sleep(0.001)
    return [body.encode()]
start(lambda: list(observer.observe_stream(request, send)))
""",
    # C++ calls Python back, also from threads of its own.
    "callback": """
from pinchbeck import stats
start(lambda: stats.bootstrap([(50, 50)], lambda views: float(views[0][0][0]), replicates=10**6, threads=2), 4)
""",
    "matrices": """
import numpy as np
from pinchbeck import stats
ones = lambda stratum, labels: np.ones((1, labels.shape[-1]))
start(lambda: stats.permutation_test([(20, 20)], ones, permutations=10**6, threads=2), 4)
""",
}


@pytest.mark.parametrize("name", CALLS)
def test_daemon_threads_end_with_the_process(name):
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", SETUP + CALLS[name]], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
