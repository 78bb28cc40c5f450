#!/usr/bin/env bash
# check_abi.sh NM LIBRARY SYMBOLS HEADER: the library exports exactly the listed versioned symbols, and the header
# declares exactly these functions.
set -euo pipefail

exported=$("$1" -D --defined-only --with-symbol-versions "$2" | awk '$2 != "A" { print $3 }' | sort)
if ! diff <(sort "$3") <(echo "$exported"); then
  echo "$2 exports other symbols than $3 lists (< listed, > exported)" >&2
  exit 1
fi
declared=$(grep -oE 'pinchbeck_[a-z_]+\(' "$4" | tr -d '(' | sort -u)
listed=$(sed 's/@@.*//' "$3" | sort)
# Comments of the header may name a function, so that every listed one must be declared with its mark.
if ! diff <(echo "$listed") <(echo "$declared"); then
  echo "$4 names other functions than $3 lists" >&2
  exit 1
fi
[ "$(grep -c '^PINCHBECK_C_API' "$4")" -eq "$(wc -l < "$3")" ]
