#!/usr/bin/env bash
# Completes command lines as bash would.
#
# usage: bash_completion_test.sh COMPLETION
set -uo pipefail

# shellcheck source=/dev/null
source "$1"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
mkdir models
touch 'recording one.jsonl' model.json
export PINCHBECK_TEST_KEY=none
# shellcheck disable=SC2034  # not exported, so the command would not see it
PINCHBECK_TEST_LOCAL=none
failures=0

# expect OFFERED WORD...: the last word is the one being completed.
expect() {
  local offered=$1
  shift
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _pinchbeck
  if [[ "${COMPREPLY[*]}" != "$offered" ]]; then
    printf 'completing "%s" offered "%s", expected "%s"\n' "$*" "${COMPREPLY[*]}" "$offered" >&2
    failures=$((failures + 1))
  fi
}

expect verify pinchbeck ver
expect 'demo doctor' pinchbeck d
expect '' pinchbeck generate-
expect 'weights serving' pinchbeck verify --claim ''
expect weights pinchbeck verify --claim = w
expect 'weights serving' pinchbeck verify --claim =
expect '--alternatives --alpha' pinchbeck verify --al
expect '' pinchbeck verify --alpha ''
expect 'recording one.jsonl' pinchbeck verify --recording rec
expect 'recording one.jsonl' pinchbeck verify --recording model.json rec
expect models pinchbeck verify --alternatives m
expect PINCHBECK_TEST_KEY pinchbeck collect --api-key-env PINCHBECK_TEST_
expect show pinchbeck fingerprints sh
expect model.json pinchbeck fingerprints show model.j
# The value of an option is no command.
expect '--alternatives --alpha' pinchbeck verify --model verify --al
# The name with a space is one word.
COMP_WORDS=(pinchbeck verify --recording r) COMP_CWORD=3 COMPREPLY=()
_pinchbeck
((${#COMPREPLY[@]} == 1)) || failures=$((failures + 1))

exit "$((failures > 0))"
