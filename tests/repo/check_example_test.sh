#!/usr/bin/env bash
# Tests check_example.sh: it must fail where a page differs from its example.
set -euo pipefail

script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/check_example.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# expect STATUS NAME PAGE SOURCE OUTPUT [PROGRAM'S STATUS]
expect() {
  local status=0
  printf '%s\n' "$3" >"$scratch/page.md"
  printf '%s\n' "$4" >"$scratch/some.cc"
  printf '#!/bin/sh\nprintf "%%b" "%s"\nexit %d\n' "$5" "${6:-0}" >"$scratch/program"
  chmod +x "$scratch/program"
  "$script" "$scratch/page.md" "$scratch/some.cc" "$scratch/program" >"$scratch/out" 2>&1 || status=$?
  if ((status != $1)); then
    printf '%s: exit status %d, expected %d\n' "$2" "$status" "$1" >&2
    cat "$scratch/out" >&2
    failures=$((failures + 1))
  fi
}

fence='```'
page="# Title
$fence
not this
$fence
<!-- example: some.cc -->
${fence}cpp
  code;

  more;
$fence
Text.
<!-- output -->
${fence}text
1 2
$fence"
source='int main() {
  // [page
  code;

  more;
  // page]
}'

expect 0 'a page that agrees' "$page" "$source" '1 2\n'
expect 1 'other code' "${page/code;/core;}" "$source" '1 2\n'
expect 1 'a line less' "${page/  more;/}" "$source" '1 2\n'
expect 1 'another output' "$page" "$source" '1 3\n'
expect 1 'more output' "$page" "$source" '1 2\n3\n'
expect 1 'no output' "$page" "$source" ''
expect 1 'a program that fails' "$page" "$source" '1 2\n' 3
expect 1 'no example on the page' "${page/some.cc/other.cc}" "$source" '1 2\n'
expect 1 'no output on the page' "${page/<!-- output -->/}" "$source" '1 2\n'
expect 1 'a block in another language' "${page/cpp/c}" "$source" '1 2\n'
expect 1 'a text between mark and block' "${page/-->/-->$'\n'Text.}" "$source" '1 2\n'
expect 1 'a block that is not closed' "${page%"$fence"}" "$source" '1 2\n'
expect 1 'no mark in the source' "$page" "${source/\/\/ \[page/}" '1 2\n'
expect 1 'two marked parts' "$page" "$source"$'\n'"$source" '1 2\n'
expect 1 'nothing marked' "$page" $'// [page\n// page]' '1 2\n'

exit "$((failures > 0))"
