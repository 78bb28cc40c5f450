#!/usr/bin/env python3
"""The work of bench/collect_load_bench.cc with Python's asyncio and nothing else.

usage: collect_load.py PORT STREAMS ROUNDS EVENTS

Sends STREAMS requests at a time to the load relay, each on a kept connection, parses every event as JSON, and keeps
text and arrival times, as a client that records would. Prints requests, seconds, CPU seconds, events, events lost
and KiB a stream, then the delay of every event in milliseconds, one a line.
"""
import asyncio
import json
import resource
import sys
import time


async def read_chunks(reader):
    """The chunks of one answer."""
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        data = await reader.readexactly(size + 2)
        if size == 0:
            return
        yield data[:-2]


async def one_answer(reader, writer, body, delays):
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    await reader.readuntil(b"\r\n\r\n")
    record = {"text": "", "event_s": []}
    start = time.monotonic()
    expected = 0
    rest = b""
    async for chunk in read_chunks(reader):
        now = time.monotonic_ns()
        rest += chunk
        while b"\n\n" in rest:
            event, rest = rest.split(b"\n\n", 1)
            data = event.removeprefix(b"data: ")
            if data == b"[DONE]":
                continue
            parsed = json.loads(data)
            record["text"] += parsed["choices"][0]["delta"].get("content", "")
            if "load" not in parsed:
                continue
            number, sent_ns = parsed["load"]
            if number == expected:
                expected += 1
            delays.append((now - sent_ns) / 1e6)
            record["event_s"].append(now / 1e9 - start)
    json.dumps(record)
    return expected


async def one_stream(port, rounds, body, delays):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    events = [await one_answer(reader, writer, body, delays) for _ in range(rounds)]
    writer.close()
    return sum(events)


async def main():
    port, streams, rounds, events = map(int, sys.argv[1:])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    body = json.dumps(
        {"model": "m", "stream": True, "max_tokens": events, "messages": [{"role": "user", "content": "Go on."}]}
    ).encode()
    delays = []
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.monotonic()
    received = sum(await asyncio.gather(*(one_stream(port, rounds, body, delays) for _ in range(streams))))
    seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lost = streams * rounds * events - received
    print(streams * rounds, seconds, cpu, received, lost, (after.ru_maxrss - before.ru_maxrss) / streams)
    print("\n".join(f"{delay:.4f}" for delay in delays))


asyncio.run(main())
