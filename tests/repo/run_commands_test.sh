#!/usr/bin/env bash
# Tests run_commands.sh: it must fail where the documentation is wrong.
set -euo pipefail

script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/run_commands.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/bin" "$scratch/root/some/files"
cat >"$scratch/bin/end-with" <<'TEXT'
#!/bin/sh
exit "$1"
TEXT
chmod +x "$scratch/bin/end-with"
echo content >"$scratch/root/some/files/given.txt"
failures=0

# expect STATUS NAME BLOCK
expect() {
  local status=0
  printf '%s\n' "$3" >"$scratch/block"
  "$script" "$scratch/block" "$scratch/work" "$scratch/bin" "$scratch/root" some/files >"$scratch/out" 2>&1 || status=$?
  if ((status != $1)); then
    printf '%s: exit status %d, expected %d\n' "$2" "$status" "$1" >&2
    cat "$scratch/out" >&2
    failures=$((failures + 1))
  fi
}

expect 0 'a command that succeeds' 'end-with 0'
expect 1 'a command that fails' 'end-with 3'
expect 0 'a status that is announced' 'end-with 3  # exit 3'
expect 1 'another status than announced' 'end-with 4  # exit 3'
expect 1 'success where a failure is announced' 'end-with 0  # exit 3'
expect 1 'an unknown command' 'no-such-command-anywhere'
expect 1 'a failure before the last line' $'end-with 1\nend-with 0'
expect 0 'a continued line' $'end-with \\\n  2  # exit 2'
expect 1 'a continued line without an end' $'end-with 0\nend-with \\'
expect 1 'comments and blank lines only' $'# nothing\n\n'
expect 0 'a file that was given' 'grep -q content some/files/given.txt'
expect 0 'a file made by an earlier line' $'echo a >made\ngrep -q a made'
expect 1 'nothing is kept from an earlier run' 'grep -q a made'

# A job left in the background ends with the block: while it lived, it would hold the pipe open.
echo 'sleep 300 &' >"$scratch/block"
# shellcheck disable=SC2016  # expanded by the inner shell
if ! timeout 30 bash -c '"$@" | cat >/dev/null' bash \
  "$script" "$scratch/block" "$scratch/work" "$scratch/bin" "$scratch/root" some/files; then
  echo 'a background job outlived the block' >&2
  failures=$((failures + 1))
fi

exit "$((failures > 0))"
