#!/usr/bin/env bash
# Builds the reference fingerprints of this folder from recordings.
#
#   fingerprints/build.sh PINCHBECK DATA [OUT]
#
# PINCHBECK is the command, DATA the folder of recordings (one folder a source, one .jsonl.gz a model), OUT the
# folder to write (default: the one of this script). Only sources whose licence lets figures be shipped are
# read; README.md says which and why. The result is the same, byte for byte, for the same recordings and the
# same version of the command.
set -euo pipefail

die() {
  printf 'build.sh: %s\n' "$*" >&2
  exit 1
}

if (($# < 2 || $# > 3)); then die 'usage: build.sh PINCHBECK DATA [OUT]'; fi
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
pinchbeck=$(realpath "$1")
data=$(realpath "$2")
out=$(realpath -m "${3:-$here}")
# Written into every file, so that building again changes nothing. Set it to the day when recordings change.
readonly CREATED=2026-11-26T00:00:00Z
# Bytes that the folder may hold, so that a checkout stays small.
readonly LARGEST=3000000
[[ -x $pinchbeck ]] || die "$1: not a program"

# Fingerprints keep the names of recordings as names of variants, so the command runs where they lie.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# enroll SOURCE LABEL [--variants] RECORDING...
enroll() {
  local source=$1 label=$2 option=()
  shift 2
  if [[ $1 == --variants ]]; then
    option=(--variants)
    shift
  fi
  local -a recordings=()
  local recording
  for recording in "$@"; do recordings+=(--recording "$recording"); done
  mkdir -p "$out/$source"
  (cd "$work" && "$pinchbeck" enroll "${recordings[@]}" "${option[@]}" --model "$label" --created "$CREATED" \
    --provenance "$here/sources/$source.provenance" --out "$out/$source/$label.json") >&2
}

# whole SOURCE [EXCLUDED...]: a fingerprint a model.
whole() {
  local source=$1 file label excluded
  shift
  for file in "$data/$source"/*.jsonl.gz; do
    [[ -e $file ]] || die "$data/$source holds no recordings"
    label=$(basename "$file" .jsonl.gz)
    for excluded in "$@"; do [[ $label == "$excluded" ]] && continue 2; done
    enroll "$source" "$label" "$file"
  done
}

# Short answers, and the first repeats of the first-token log-probabilities, of one configuration.
testbed_part() {
  zcat "$data/testbed/$1.jsonl.gz" |
    grep -E '"probe":"(choice/[^"]*"|first/[^"]*","sample":[0-7],)' >"$work/$1.jsonl" ||
    die "$data/testbed/$1.jsonl.gz holds no short answers"
}

whole aig_random_1_355
# Two of its files are pseudo-random generators: controls for measuring, nothing that anybody serves.
whole random_ranges python-numpy python-random
whole fpverify_frontier
for part in A-f16 A-f16-run2 A-Q4_K_M B; do testbed_part "$part"; done
enroll testbed A-f16 --variants A-f16.jsonl A-f16-run2.jsonl
enroll testbed A-Q4_K_M A-Q4_K_M.jsonl
enroll testbed B B.jsonl

"$pinchbeck" fingerprints index "$out"
"$pinchbeck" fingerprints verify "$out"
bytes=$(find "$out" -name '*.json' -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
((bytes <= LARGEST)) || die "the fingerprints take $bytes bytes, more than $LARGEST"
