#!/usr/bin/env bash
# Tests run_guide.sh: it must fail where a guide is wrong.
set -euo pipefail

script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/run_guide.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/bin" "$scratch/root/files"
echo content >"$scratch/root/files/given.txt"
# Writes to the file after --out what follows it.
# shellcheck disable=SC2016  # expanded by the inner shell
printf '#!/bin/sh\necho "$3" >"$2"\n' >"$scratch/bin/record"
printf '#!/bin/sh\necho made >log.txt\n' >"$scratch/prepare"
printf '#!/bin/sh\nexit 1\n' >"$scratch/cannot-prepare"
chmod +x "$scratch/bin/record" "$scratch/prepare" "$scratch/cannot-prepare"
failures=0

# expect STATUS NAME PAGE [PREPARE]
expect() {
  local status=0
  printf '%s\n' "$3" >"$scratch/page.md"
  "$script" "$scratch/page.md" "$scratch/work" "$scratch/bin" "$scratch/root" files "${@:4}" >"$scratch/out" 2>&1 || status=$?
  if ((status != $1)); then
    printf '%s: exit status %d, expected %d\n' "$2" "$status" "$1" >&2
    cat "$scratch/out" >&2
    failures=$((failures + 1))
  fi
}

fence='```'
# page COMMANDS [OUTPUT]
page() {
  printf '# Title\n<!-- tested: x -->\n%ssh\n%s\n%s\n' "$fence" "$1" "$fence"
  if (($# > 1)); then printf '<!-- output -->\n%stext\n%s\n%s\n' "$fence" "$2" "$fence"; fi
}

expect 0 'commands that succeed' "$(page 'grep content files/given.txt')"
expect 1 'a command that fails' "$(page 'grep nothing files/given.txt')"
expect 1 'nothing marked' $'```sh\ntrue\n```'
expect 0 'output as shown' "$(page $'echo one\necho two' two)"
expect 1 'another output' "$(page 'echo one' two)"
expect 0 'a recording' "$(page "record --out some.jsonl '{}'")"
expect 1 'a recording with failures' "$(page "record --out some.jsonl '{\"error\":{}}'")"
expect 1 'a recording that is not written' "$(page 'true --out some.jsonl')"
expect 1 'the second of two is not written' "$(page $'record --out a.jsonl {}\ntrue --out b.jsonl')"
expect 0 'what the reader has' "$(page 'grep made log.txt')" "$scratch/prepare"
expect 1 'what the reader has is not there' "$(page 'grep made log.txt')"
expect 2 'what the reader has cannot be made' "$(page 'true')" "$scratch/cannot-prepare"

exit "$((failures > 0))"
