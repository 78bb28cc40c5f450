#!/usr/bin/env bash
# Runs what docs/guides/read-a-report.md shows for continuous integration as a service would, beside the fingerprint that the
# guide's first commands made, and then its C++ program on the same files.
#
# usage: guide_ci_test.sh BLOCK FOLDER BINARIES PROGRAM
set -euo pipefail

(($# == 4)) || {
  echo 'usage: guide_ci_test.sh BLOCK FOLDER BINARIES PROGRAM' >&2
  exit 2
}
block=$1 folder=$2 program=$4
export PATH=$3:$PATH
fail() {
  printf 'guide_ci_test.sh: %s\n' "$1" >&2
  exit 1
}

# job RECORDING STATUS: leaves the job's files in $folder/ci.
job() {
  local status=0
  rm -rf "$folder/ci"
  mkdir "$folder/ci"
  cp "$folder/flagship-1.json" "$folder/ci"
  gunzip -c "$folder/src/cli/demo_data/$1" >"$folder/ci/relay.jsonl"
  (cd "$folder/ci" && GITHUB_STEP_SUMMARY=step-summary bash -eu "$block") || status=$?
  ((status == $2)) || fail "$1: exit status $status, expected $2"
  for file in pinchbeck.xml summary.md report.html; do
    [[ -s $folder/ci/$file ]] || fail "$1: no $file"
  done
  cmp "$folder/ci/summary.md" "$folder/ci/step-summary"
}

job honest-relay.jsonl.gz 0
! grep -q '<failure' "$folder/ci/pinchbeck.xml" || fail 'a failure without a difference'
job swap-relay.jsonl.gz 1
grep -q '<failure' "$folder/ci/pinchbeck.xml" || fail 'no failure for a difference'

(cd "$folder/ci" && "$program" >by-program.html) || fail "$program failed"
# The command writes how to repeat it, the program was told nothing of that; the verdict is the same.
for page in report by-program; do
  grep -q 'differs' "$folder/ci/$page.html" || fail "$page.html does not show the verdict"
done
