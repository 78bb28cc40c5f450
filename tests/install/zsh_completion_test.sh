#!/usr/bin/env bash
# Calls the completion functions of zsh with its helpers replaced by ones that print what they are given.
#
# usage: zsh_completion_test.sh COMPLETION
set -euo pipefail

command -v zsh >/dev/null || {
  echo 'zsh is not installed' >&2
  exit 77
}
zsh -n "$1"
# shellcheck disable=SC2016  # expanded by zsh
output=$(zsh -f -c '
  compdef() { :; }
  _arguments() { print -rl -- "$@"; }
  _describe() { print -rl -- "${(@P)2}"; }
  source "$1"
  _pinchbeck_verify
  state=command _pinchbeck
' zsh "$1")
for wanted in '--claim=\[.*\]:TEXT:(weights serving)' '\*--recording=\[.*\]:TEXT:_files' '--json\[.*\]' '1: :->command'; do
  grep -q -e "^$wanted" <<<"$output" || {
    printf 'not offered: %s\n%s\n' "$wanted" "$output" >&2
    exit 1
  }
done
