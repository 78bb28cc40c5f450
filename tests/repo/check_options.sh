#!/usr/bin/env bash
# Fails where a sh block of the documentation is no shell, calls a command of pinchbeck or of ./dev that does not exist, or gives
# it an option that its help does not list. Also of blocks that the tests cannot run, for want of an endpoint or of hours.
#
# usage: check_options.sh BINARIES ROOT PAGE...
#   BINARIES  holds pinchbeck
#   ROOT      holds dev
set -euo pipefail

(($# >= 3)) || {
  echo 'usage: check_options.sh BINARIES ROOT PAGE...' >&2
  exit 2
}
pinchbeck=$1/pinchbeck root=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0 checked=0
declare -A helps=()

complain() {
  printf '%s\n' "$1" >&2
  failures=$((failures + 1))
}

# help_of COMMAND...: sets `help`; empty where there is no such command.
help_of() {
  local key=$*
  if [[ ! -v helps[$key] ]]; then
    if [[ $1 == ./dev ]]; then
      # One text for all; the accuracy program's own options are those that its main function names.
      helps[$key]=$("$root/dev" help)
      grep -q "^  ${2:-help}\\b" <<<"${helps[$key]}" || helps[$key]=
      if [[ ${2:-} == accuracy ]]; then
        helps[$key]+=$(grep -o '"--[a-z-]*"' "$root/bench/accuracy/main.cc" | tr '"' ' ')
      fi
    else
      helps[$key]=$("$pinchbeck" "${@:2}" --help 2>/dev/null) || helps[$key]=
      # To a command that it does not know it answers with the help of all.
      grep -q "^Usage: $key " <<<"${helps[$key]}" || helps[$key]=
      # Examples call other commands, with options of theirs.
      helps[$key]=$(sed '/^Examples\?:/,$d' <<<"${helps[$key]}")
    fi
  fi
  help=${helps[$key]}
}

# check PLACE WORD...: one call, from its first word to what ends it.
check() {
  local place=$1 words=("$2") word
  shift 2
  # `fingerprints` has commands of its own.
  while [[ ${1:-} =~ ^[a-z][a-z-]*$ && (${#words[@]} == 1 || (${#words[@]} == 2 && ${words[1]} == fingerprints)) ]]; do
    words+=("$1")
    shift
  done
  help_of "${words[@]}"
  checked=$((checked + 1))
  if [[ -z $help ]]; then
    complain "$place: no such command: ${words[*]}"
    return
  fi
  for word in "$@"; do
    [[ $word == --[a-z]* ]] || continue
    word=${word%%=*}
    grep -qE -e "(^|[][ ,|])$word([][ ,:=|]|\$)" <<<"$help" || complain "$place: ${words[*]} has no option $word"
  done
}

for page in "$@"; do
  [[ -r $page ]] || complain "$page: cannot be read"
  rm -f "$scratch"/block-*
  awk -v folder="$scratch" '
    !inside && $0 == "```sh" { inside = 1; ++blocks; next }
    inside && $0 == "```" { inside = 0; close(name); next }
    inside { name = folder "/block-" blocks; print >name }' "$page"
  for block in "$scratch"/block-*; do
    [[ -e $block ]] || continue
    bash -n "$block" 2>"$scratch/syntax" || complain "$page: $(<"$scratch/syntax")"
  done
  while IFS=$'\t' read -r number command; do
    # A comment, and what separates one call from the next.
    command=$(sed 's/\(^\|[[:space:]]\)#.*//; s/[|;&()]/\n/g' <<<"$command")
    while read -ra call; do
      [[ ${call[0]:-} == pinchbeck || ${call[0]:-} == ./dev ]] && check "$page:$number" "${call[@]}"
    done <<<"$command"
  done < <(awk '
    !inside && $0 == "```sh" { inside = 1; next }
    inside && $0 == "```" { inside = 0; next }
    inside {
      if (text == "") first = FNR
      text = text $0
      if (sub(/\\$/, "", text)) next
      printf "%d\t%s\n", first, text
      text = ""
    }' "$page")
done

if ((checked == 0)); then complain 'no command found'; fi
exit "$((failures > 0))"
