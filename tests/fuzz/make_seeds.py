#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets to tests/fuzz/corpus.

usage: make_seeds.py [PINCHBECK]

With the path of the built command it also writes the seeds that only the program can make: fingerprints and the
states of a monitor. Seeds that came from findings (their names begin with "found") are left alone.
"""
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
KEY = "canary-key-7f3a9c"
# How the rest of an answer arrives; see reply_target.h.
STREAM, CUT_STREAM, DOCUMENT, REFUSED, LIMITED = b"G1", b"E2", b"B3", b"r4", b"Z5"


def put(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def events(values, named=False, done=False):
    text = ""
    for value in values:
        if named:
            text += f"event: {value['type']}\n"
        text += f"data: {dump(value)}\n\n"
    return text + ("data: [DONE]\n\n" if done else "")


def replies(target, document, stream, more=()):
    """The seeds that every API has, and some of its own."""
    put(target, "document", DOCUMENT + dump(document).encode())
    put(target, "stream", STREAM + stream.encode())
    put(target, "cut", CUT_STREAM + stream[: len(stream) * 2 // 3].encode())
    put(target, "crlf", STREAM + b": hi\r\n\r\n" + stream.replace("\n", "\r\n").encode())
    put(target, "document_for_a_stream", STREAM + dump(document).encode())
    error = {"error": {"message": f"bad key {KEY}", "type": "auth", "code": "invalid_api_key", "param": None}}
    put(target, "refused", REFUSED + dump(error).encode())
    limited = {"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED",
                         "details": [{"@type": "RetryInfo", "retryDelay": "3.5s"}]}}
    put(target, "limited", LIMITED + dump([limited]).encode())
    put(target, "page", DOCUMENT + b"<!doctype html><html><body>hello</body></html>")
    put(target, "lenient", DOCUMENT + dump(document).replace("-0.5", "-Infinity").replace("Bl", "\\ud83d").encode())
    for name, data in more:
        put(target, name, data)


TOKEN = {"token": "Bl", "logprob": -0.5, "bytes": [66, 108],
         "top_logprobs": [{"token": "Bl", "id": 4, "logprob": -0.5, "bytes": [66, 108]},
                          {"token": "\u6c34", "logprob": -9999.0, "bytes": None}]}
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "cost": 0.5,
         "prompt_tokens_details": {"cached_tokens": 1}, "completion_tokens_details": {"reasoning_tokens": 1}}


def chat():
    document = {"id": "c", "model": "m", "provider": "p", "system_fingerprint": "f", "object": "chat.completion",
                "choices": [{"index": 0, "finish_reason": "stop", "native_finish_reason": "STOP", "token_ids": [4],
                             "message": {"role": "assistant", "content": "Bl\u6c34", "reasoning": "hm", "refusal": None},
                             "logprobs": {"content": [TOKEN]}}], "usage": USAGE}
    delta = lambda d, **more: {"id": "c", "model": "m", "choices": [{"index": 0, "delta": d, **more}]}
    stream = events([delta({"role": "assistant", "content": ""}), delta({"reasoning_content": "hm"}),
                     delta({"content": "Bl"}, logprobs={"content": [TOKEN]}, token_ids=[4]),
                     delta({"content": "\u6c34"}, finish_reason="stop"), {"choices": [], "usage": USAGE}], done=True)
    tools = delta({"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{}"}}]},
                  finish_reason="tool_calls")
    two = {"choices": [{"index": 1, "delta": {"content": "other"}}, {"index": 0, "delta": {"content": "mine"}}]}
    refusal = {"choices": [{"index": 0, "message": {"content": None, "refusal": "no"}, "finish_reason": "stop"}]}
    parts = {"choices": [{"index": 0, "finish_reason": "length", "message": {
        "content": [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": [{"text": "b"}]}],
        "reasoning_details": [{"type": "reasoning.text", "text": "c"}]}}]}
    replies("chat", document, stream, [
        ("tools", STREAM + events([tools], done=True).encode()),
        ("two_choices", STREAM + events([two, delta({}, finish_reason="stop")]).encode()),
        ("refusal", DOCUMENT + dump(refusal).encode()), ("parts", DOCUMENT + dump(parts).encode()),
        ("error_in_stream", STREAM + events([delta({"content": "a"}), {"error": {"message": "x", "code": 502}}]).encode()),
        ("echo", DOCUMENT + dump({"id": KEY, "model": KEY, "choices": [
            {"index": 0, "message": {"content": KEY}, "finish_reason": KEY}]}).encode())])


def completions():
    parallel = {"tokens": ["Bl", "\u6c34"], "token_logprobs": [None, -0.5], "text_offset": [0, 2],
                "top_logprobs": [None, {"Bl": -0.5, "x": -9999.0}]}
    choice = {"index": 0, "finish_reason": "stop", "text": "Bl\u6c34", "reasoning": "hm", "logprobs": parallel}
    document = {"id": "c", "model": "m", "object": "text_completion", "choices": [choice], "usage": USAGE}
    stream = events([{"choices": [{"index": 0, "text": "Bl", "logprobs": parallel}]},
                     {"choices": [{"index": 0, "text": "\u6c34", "finish_reason": "length"}], "usage": USAGE}], done=True)
    chat_shape = dict(choice, logprobs={"content": [dict(TOKEN, id=4)]})
    replies("completions", document, stream, [
        ("chat_shape", DOCUMENT + dump({"choices": [chat_shape]}).encode()),
        ("list", DOCUMENT + dump([document, document]).encode())])


def responses():
    usage = {"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 1},
             "output_tokens_details": {"reasoning_tokens": 1}}
    content = [{"type": "output_text", "text": "Bl\u6c34", "annotations": [], "logprobs": [TOKEN]}]
    document = {"id": "r", "object": "response", "model": "m", "status": "completed", "error": None,
                "incomplete_details": None, "usage": usage, "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "content": []},
                    {"type": "message", "role": "assistant", "content": content}]}
    stream = events([
        {"type": "response.created", "response": {"id": "r", "output": []}},
        {"type": "response.reasoning_summary_text.delta", "delta": "hm"},
        {"type": "response.output_text.delta", "output_index": 1, "delta": "Bl", "logprobs": [TOKEN]},
        {"type": "response.output_text.delta", "delta": "\u6c34"},
        {"type": "response.refusal.delta", "delta": "no"},
        {"type": "response.completed", "response": document}], named=True)
    incomplete = dict(document, status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    failed = events([{"type": "response.failed", "response": {"status": "failed", "error": {"code": "x", "message": "y"}}}])
    replies("responses", document, stream, [
        ("incomplete", DOCUMENT + dump(incomplete).encode()), ("failed", STREAM + failed.encode()),
        ("error_event", STREAM + events([{"type": "error", "code": "c", "message": KEY}], named=True).encode())])


def anthropic():
    usage = {"input_tokens": 8, "cache_read_input_tokens": 1, "cache_creation_input_tokens": 0, "output_tokens": 2}
    document = {"id": "r", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
                "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Bl\u6c34"}],
                "usage": usage}
    block = lambda d: {"type": "content_block_delta", "index": 1, "delta": d}
    stream = events([
        {"type": "message_start", "message": dict(document, content=[], stop_reason=None)},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "ping"}, block({"type": "thinking_delta", "thinking": "hm"}),
        block({"type": "text_delta", "text": "Bl"}), block({"type": "text_delta", "text": "\u6c34"}),
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"}], named=True)
    tool = dict(document, stop_reason="tool_use", content=[{"type": "tool_use", "id": "t", "name": "f", "input": {}}])
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    replies("anthropic", document, stream, [
        ("tool", DOCUMENT + dump(tool).encode()), ("overloaded", b"z6" + dump(overloaded).encode()),
        ("error_event", STREAM + events([overloaded], named=True).encode())])


def gemini():
    def candidate(parts, **more):
        return {"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, "avgLogprobs": -0.5,
                                "logprobsResult": {
                                    "chosenCandidates": [{"token": "Bl", "tokenId": 4, "logProbability": -0.5}],
                                    "topCandidates": [{"candidates": [
                                        {"token": "Bl", "tokenId": 4, "logProbability": -0.5}]}]}, **more}],
                "modelVersion": "m", "responseId": "r",
                "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 1, "thoughtsTokenCount": 1,
                                  "cachedContentTokenCount": 1, "totalTokenCount": 11}}
    thought = {"text": "hm", "thought": True}
    document = candidate([thought, {"text": "Bl\u6c34"}], finishReason="STOP")
    stream = events([candidate([thought]), candidate([{"text": "Bl"}]),
                     candidate([{"text": "\u6c34"}], finishReason="MAX_TOKENS")])
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}}
    call = candidate([{"functionCall": {"name": "f", "args": {}}}], finishReason="MALFORMED_FUNCTION_CALL")
    replies("gemini", document, stream, [
        ("list", STREAM + dump([candidate([{"text": "Bl"}]), document]).encode()),
        ("blocked", DOCUMENT + dump(blocked).encode()), ("call", DOCUMENT + dump(call).encode())])


def ollama():
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 2, "eval_duration": 5}
    document = {"model": "m", "created_at": "2026-11-20T08:00:00Z", "logprobs": [TOKEN],
                "message": {"role": "assistant", "content": "Bl\u6c34", "thinking": "hm"}, **end}
    lines = [{"model": "m", "message": {"thinking": "hm"}, "done": False},
             {"model": "m", "message": {"content": "Bl"}, "done": False, "logprobs": [TOKEN]},
             {"model": "m", "message": {"content": "\u6c34"}, "done": False}, {"message": {"content": ""}, **end}]
    stream = "".join(dump(line) + "\n" for line in lines)
    tool = {"message": {"tool_calls": [{"function": {"name": "f", "arguments": {}}}]}, **end}
    replies("ollama", document, stream, [
        ("tool", DOCUMENT + dump(tool).encode()), ("error_line", STREAM + (dump(lines[0]) + '\n{"error":"boom"}\n').encode()),
        ("generate", DOCUMENT + dump({"response": "Bl", "thinking": "hm", **end}).encode())])


def framing():
    put("sse", "fields", "2event: a\nid: 7\ndata: one\ndata: two\nretry: 5\n: comment\n\ndata:x\n\nevent: b\n\n")
    put("sse", "endings", "1\ufeffdata: a\r\n\r\ndata: b\r\rdata: c\n\r\ndata\n\ndata: open")
    put("sse", "long", "3data: " + "x" * 200 + "\n\ndata: " + "y" * 300)
    put("sse", "chat", "4" + events([{"choices": [{"delta": {"content": "a"}}]}], done=True))
    put("ndjson", "lines", '2{"a":1}\n\r\n{"b":2}\r\n  \n{"c":3}')
    put("ndjson", "long", "1" + "x" * 120 + "\n" + "y" * 130 + "\n")


def observation(probe, sample, text, **more):
    return {"schema": "pinchbeck.observation/1", "probe": probe, "signals": ["choice"], "sample": sample,
            "session": "2026-11-20T08:00Z", "time": "2026-11-20T08:03:12.345Z", "endpoint": "https://relay.example/v1",
            "request": {"api": "openai_chat", "model": "m", "temperature": 1.0, "top_p": 0.9, "max_tokens": 4,
                        "stream": True, "seed": None, "top_logprobs": 2, "prompt_sha256": "ab" * 32},
            "response": {"id": "r", "model": "m", "text": text, "finish_reason": "stop", "token_ids": [4]},
            "usage": {"input_tokens": 9, "output_tokens": 1, "reasoning_tokens": 0, "cached_input_tokens": 0},
            "timing": {"connect_s": 0.03, "first_token_s": 0.4, "total_s": 0.7, "event_s": [0.4, 0.5], "event_tokens": [1, 1]},
            "logprobs": [{"token": "7", "logprob": -0.1, "top": [{"token": "7", "logprob": -0.1}]}], "error": None, **more}


def recordings():
    failed = {"probe": "p", "sample": 2, "error": {"kind": "http", "status": 429, "message": "slow"}}
    lines = "".join(dump(o) + "\n" for o in (observation("p", 0, "7"), observation("p", 1, "\u6c34"), failed))
    put("recording", "plain", lines)
    put("recording", "killed", lines[:-30])
    put("recording", "endings", "\ufeff\r\n" + lines.replace("\n", "\r\n"))
    put("recording", "bad_line", dump(failed) + '\n{"probe":5}\n[]\n' + dump(failed) + "\n")
    packed = gzip.compress(lines.encode(), mtime=0)
    put("recording", "gzip", packed)
    put("recording", "gzip_members", gzip.compress(b'{"probe":"a"}\n', mtime=0) + gzip.compress(b'{"probe":"b"}\n', mtime=0))
    put("recording", "gzip_killed", packed[:-12])


def batteries():
    probe = {"id": "a/en/1", "group": "choice", "signals": ["choice", "logprob"],
             "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Pick \u6c34."}],
             "sampling": {"temperature": 1.0, "top_p": 0.9, "top_k": 40, "min_p": 0.05, "max_tokens": 4, "stream": True,
                          "top_logprobs": 5}}
    put("battery", "full", dump({"schema": "pinchbeck.battery/1", "name": "n", "version": "1", "probes": [probe]}))
    small = [{"id": i, "group": g, "signals": [s], "messages": [{"role": "user", "content": i}]}
             for i, g, s in (("a", "choice", "choice"), ("b", "text", "text"))]
    put("battery", "two", dump({"schema": "pinchbeck.battery/1", "name": "n", "version": "2", "probes": small}))
    put("battery", "twice", dump({"schema": "pinchbeck.battery/1", "name": "n", "version": "2", "probes": [small[0]] * 2}))


def provenances():
    short = {"source": "owner/repository", "licence": "MIT", "attribution": "By its authors."}
    put("provenance", "short", dump(short))
    put("provenance", "full", dump(dict(short, url="https://example.org/r", commit="0123abc", path="data/answers", dates="2026",
                                        conditions="temperature 1", changes="none", use="ranking_only", use_note="few",
                                        prompts=[{"probe": "p", "sha256": "ab" * 32, "file": "prompts.txt",
                                                  "temperature": 0.7, "max_tokens": 16},
                                                 {"probe": "q", "sha256": "cd" * 32}])))
    put("provenance", "twice", dump(dict(short, prompts=[{"probe": "p", "sha256": "ab" * 32}] * 2)))


def made_by_the_program(command):
    """Fingerprints, and states of a monitor with the design of the one in monitor_state_fuzzer.cc."""
    with tempfile.TemporaryDirectory() as folder:
        file = lambda name: str(pathlib.Path(folder) / name)
        run = lambda *arguments: subprocess.run([command, *arguments], cwd=folder, capture_output=True, check=False)

        def record(name, observations):
            pathlib.Path(file(name)).write_text("".join(dump(o) + "\n" for o in observations))

        answer = lambda i: {"probe": "a" if i % 2 == 0 else "b", "signals": ["choice"],
                            "request": {"temperature": 1.0, "max_tokens": 4}, "response": {"text": str(i * i % 7)}}
        record("reference.jsonl", map(answer, range(80)))
        run("enroll", "--recording", file("reference.jsonl"), "--model", "m", "--out", file("m.json"))
        put("fingerprint", "choices", pathlib.Path(file("m.json")).read_bytes())
        rich = [observation("p", i, str(i % 3), signals=["choice", "latency", "token_length", "tokenizer"], session=f"day {i % 2}")
                for i in range(12)]
        rich += [observation("t", i, f"some words {i}", signals=["text"], logprobs=[]) for i in range(6)]
        rich += [observation("l", i, "7", signals=["logprob"]) for i in range(4)]
        record("rich.jsonl", rich)
        run("enroll", "--recording", file("rich.jsonl"), "--model", "rich", "--out", file("rich.json"))
        put("fingerprint", "rich", pathlib.Path(file("rich.json")).read_bytes())
        for name, answers in (("begun", range(3)), ("longer", range(40))):
            record("observed.jsonl", map(answer, answers))
            run("monitor", "--fingerprint", file("m.json"), "--recording", file("observed.jsonl"), "--state", file(name))
            put("monitor_state", name, pathlib.Path(file(name)).read_bytes())
        record("observed.jsonl", (dict(answer(i), response={"text": "6"}) for i in range(60)))
        run("monitor", "--fingerprint", file("m.json"), "--recording", file("observed.jsonl"), "--state", file("alarm"))
        put("monitor_state", "alarm", pathlib.Path(file("alarm")).read_bytes())


def main():
    for make in (chat, completions, responses, anthropic, gemini, ollama, framing, recordings, batteries, provenances):
        make()
    if len(sys.argv) > 1:
        made_by_the_program(str(pathlib.Path(sys.argv[1]).resolve()))


main()
