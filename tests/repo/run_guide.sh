#!/usr/bin/env bash
# Runs the commands of a guide as its reader would: the relay in one terminal, everything else in another. Fails
# when a command fails, or when an endpoint gave no usable answer to some request.
#
# usage: run_guide.sh PAGE FOLDER BINARIES ROOT FILES
#   PAGE      Markdown; the sh block after `<!-- tested: relay -->` starts the relay, those after other `tested:`
#             lines are run in order
#   the others as for run_commands.sh
set -euo pipefail

(($# == 5)) || {
  echo 'usage: run_guide.sh PAGE FOLDER BINARIES ROOT FILES' >&2
  exit 2
}
page=$1 folder=$2 binaries=$3 root=$4 files=$5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
relay_pid=

finish() {
  if [[ -n $relay_pid ]]; then kill "$relay_pid" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap finish EXIT

fail() {
  printf 'run_guide.sh: %s\n' "$1" >&2
  exit 1
}

# blocks relay|others: the sh blocks after the `tested:` lines, that of the relay or all others.
blocks() {
  awk -v which="$1" '
    /^<!-- tested: .* -->$/ { wanted = ($3 == "relay") == (which == "relay"); next }
    wanted && $0 == "```sh" { inside = 1; wanted = 0; next }
    inside && $0 == "```" { inside = 0; next }
    inside { print }' "$page"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

blocks relay >"$scratch/relay"
blocks others >"$scratch/commands"
sections=$(grep -c '^<!-- tested: ' "$page") || fail "$page: no line '<!-- tested: NAME -->'"
port=$(sed -n 's/.*--port \([0-9][0-9]*\).*/\1/p' "$scratch/relay")
[[ -n $port ]] || fail "$page: the block 'relay' names no --port"

# The guide's own port, unless something else has it on this machine.
free=$port
while listens "$free"; do free=$((free + 1)); done
if ((free != port)); then
  printf 'run_guide.sh: port %s is taken, using %s\n' "$port" "$free" >&2
  sed -i "s/\\b$port\\b/$free/g" "$scratch/relay" "$scratch/commands"
fi

(cd "$root" && PATH=$binaries:$PATH && eval "exec $(tr -d '\\\n' <"$scratch/relay")") >"$scratch/relay.log" 2>&1 &
relay_pid=$!
for ((i = 0; i < 600; ++i)); do
  if listens "$free"; then break; fi
  kill -0 "$relay_pid" 2>/dev/null || fail "the relay ended: $(cat "$scratch/relay.log")"
  sleep 0.1
done

"$here/run_commands.sh" "$scratch/commands" "$folder" "$binaries" "$root" "$files"

recordings=0
for recording in "$folder"/*.jsonl; do
  [[ -s $recording ]] || fail "$recording is missing or empty"
  if grep -q '"error":{' "$recording"; then
    fail "$recording holds failures: $(grep -m 1 -o '"error":{.*' "$recording")"
  fi
  recordings=$((recordings + 1))
done
# One for every block but the relay's.
((recordings == sections - 1)) || fail "$recordings recordings from $((sections - 1)) blocks"
