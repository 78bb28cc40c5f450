#!/usr/bin/env bash
# Runs the commands of a guide as its reader would: each relay in a terminal of its own, everything else in another.
# Fails when a command fails, or when an endpoint gave no usable answer to some request.
#
# usage: run_guide.sh PAGE FOLDER BINARIES ROOT FILES [PREPARE]
#   PAGE      Markdown; each sh block after `<!-- tested: relay -->`, if any, starts a relay, those after other
#             `tested:` lines are run in order. A text block after `<!-- output -->` must be part of what they print
#   the others as for run_commands.sh
set -euo pipefail

(($# == 5 || $# == 6)) || {
  echo 'usage: run_guide.sh PAGE FOLDER BINARIES ROOT FILES [PREPARE]' >&2
  exit 2
}
page=$1 folder=$2 binaries=$3 root=$4 files=$5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
relay_pids=()

finish() {
  local pid
  for pid in "${relay_pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap finish EXIT

fail() {
  printf 'run_guide.sh: %s\n' "$1" >&2
  exit 1
}

# blocks relay|others: the sh blocks after the `tested:` lines, those of relays, one a line, or all others.
blocks() {
  awk -v which="$1" '
    /^<!-- tested: .* -->$/ { wanted = ($3 == "relay") == (which == "relay"); next }
    wanted && $0 == "```sh" { inside = 1; wanted = 0; next }
    inside && $0 == "```" { inside = 0; if (which == "relay") print ""; next }
    inside && which == "relay" { sub(/\\$/, ""); printf "%s ", $0; next }
    inside { print }' "$page"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start_relay COMMAND: on the guide's own port, unless something else has it on this machine.
start_relay() {
  local command=$1 port free
  port=$(sed -n 's/.*--port \([0-9][0-9]*\).*/\1/p' <<<"$command")
  [[ -n $port ]] || fail "$page: a block 'relay' names no --port"
  free=$port
  while listens "$free"; do free=$((free + 1)); done
  if ((free != port)); then
    printf 'run_guide.sh: port %s is taken, using %s\n' "$port" "$free" >&2
    command=${command//--port $port/--port $free}
    sed -i "s/\\b$port\\b/$free/g" "$scratch/commands"
  fi
  local log=$scratch/relay-$port.log
  (cd "$root" && PATH=$binaries:$PATH && eval "exec $command") >"$log" 2>&1 &
  local pid=$!
  relay_pids+=("$pid")
  for ((i = 0; i < 600; ++i)); do
    if listens "$free"; then return; fi
    kill -0 "$pid" 2>/dev/null || fail "the relay ended: $(cat "$log")"
    sleep 0.1
  done
  fail "the relay does not listen on port $free"
}

grep -q '^<!-- tested: ' "$page" || fail "$page: no line '<!-- tested: NAME -->'"
blocks others >"$scratch/commands"
mapfile -t relays < <(blocks relay)
for relay in "${relays[@]}"; do start_relay "$relay"; done

"$here/run_commands.sh" "$scratch/commands" "$folder" "$binaries" "$root" "$files" "${@:6}" | tee "$scratch/printed"

awk -v folder="$scratch" '
  $0 == "<!-- output -->" { wanted = 1; next }
  wanted && $0 == "```text" { inside = 1; wanted = 0; ++blocks; next }
  inside && $0 == "```" { inside = 0; next }
  inside { print >(folder "/output-" blocks) }' "$page"
printed=$(<"$scratch/printed")
shopt -s nullglob
for output in "$scratch"/output-*; do
  [[ $printed == *"$(<"$output")"* ]] || fail "$page shows what no command printed: $(<"$output")"
done

# Every recording that a command was told to write.
{ grep -o -e '\(--out\(-[ab]\)\?\|--save-recording\) [^ ]*\.jsonl' "$scratch/commands" || true; } |
  while read -r _ name; do
    recording=$folder/$name
    [[ -s $recording ]] || fail "$recording is missing or empty"
    if grep -q '"error":{' "$recording"; then
      fail "$recording holds failures: $(grep -m 1 -o '"error":{.*' "$recording")"
    fi
  done
