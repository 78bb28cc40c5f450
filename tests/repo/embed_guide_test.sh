#!/usr/bin/env bash
# Runs the programs of docs/guides/embed.md on the traffic of an application: a fingerprint is made of one day, and the next
# day is watched. Honest answers must raise no alarm, those of another model must.
#
# usage: embed_guide_test.sh FOLDER BINARIES CPP_PROGRAM C_PROGRAM
set -euo pipefail

(($# == 4)) || {
  echo 'usage: embed_guide_test.sh FOLDER BINARIES CPP_PROGRAM C_PROGRAM' >&2
  exit 2
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1 cpp=$3 c=$4
export PATH=$2:$PATH
fail() {
  printf 'embed_guide_test.sh: %s\n' "$1" >&2
  exit 1
}

rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
"$here/prepare_import.sh" gpt-x
pinchbeck import --from litellm spend-logs.json --model gpt-x --out day.jsonl
pinchbeck enroll --recording day.jsonl --model gpt-x --out gpt-x.json

expect() {
  [[ $2 == "$3" ]] || fail "$1: printed '$2', expected '$3'"
}
expect 'C++, honest' "$("$cpp" <today.pairs)" '800 of 800, no alarm so far'
expect 'C++, swapped' "$("$cpp" <swapped.pairs)" '800 of 800, differs'

# field NAME DECISION
field() { sed -n "s/.*\"$1\": *\\([^,}]*\\).*/\\1/p" <<<"$2"; }
honest=$("$c" <today.pairs 2>errors) || fail "C, honest: $(head -n 3 errors)"
[[ ! -s errors ]] || fail "C, honest: $(head -n 3 errors)"
expect 'C, honest' "$(field used "$honest") $(field alarm_at "$honest")" '800 null'
swapped=$("$c" <swapped.pairs) || fail 'C, swapped: fails'
[[ $(field alarm_at "$swapped") =~ ^[0-9]+$ ]] || fail "C, swapped: no alarm in $swapped"
# What is no exchange is said, and the rest still counts.
both=$({ echo 'no exchange' && cat today.pairs; } | "$c" 2>errors)
expect 'C, a bad line' "$(wc -l <errors) $(field used "$both")" '1 800'
