#!/usr/bin/env bash
# Makes in the working directory what the reader of docs/guides/monitor.md has: recordings of several days, and the
# states of three relays that are watched. From the recordings of the demo, which are there.
set -euo pipefail

data=src/cli/demo_data
gunzip -c $data/reference.jsonl.gz >reference.jsonl
# Every second answer each, so that both days hold all probes.
gunzip -c $data/honest-relay.jsonl.gz | awk 'NR % 2 { print >"today.jsonl"; next } { print >"tomorrow.jsonl" }'
pinchbeck enroll --recording reference.jsonl --model flagship-1 --out watched.json
for relay in a b c; do
  pinchbeck monitor --fingerprint watched.json --recording $data/honest-relay.jsonl.gz --seed $((16#$relay)) \
    --state relay-$relay.state.json
done
