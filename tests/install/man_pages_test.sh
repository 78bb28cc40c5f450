#!/usr/bin/env bash
# Formats the manual pages; the formatter must have nothing to complain about, and the pages must have their parts.
#
# usage: man_pages_test.sh FOLDER
set -euo pipefail

folder=$1
if ! command -v man >/dev/null || ! command -v groff >/dev/null; then
  echo 'man or groff is not installed' >&2
  exit 77
fi
export LC_ALL=C.UTF-8 MANWIDTH=80
pages=("$folder"/*.1)
[[ -e ${pages[0]} ]] || {
  echo "$folder holds no pages" >&2
  exit 1
}
status=0
for page in "${pages[@]}"; do
  complaints=$(man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
  if [[ -n $complaints ]]; then
    printf '%s: %s\n' "$page" "$complaints" >&2
    status=1
  fi
  text=$(man -E UTF-8 -l "$page" | col -bx)
  for part in NAME SYNOPSIS OPTIONS EXAMPLES 'SEE ALSO'; do
    grep -q "^$part$" <<<"$text" || {
      printf '%s: no section %s\n' "$page" "$part" >&2
      status=1
    }
  done
  # The line that whatis and apropos read.
  grep -Eq "^ +$(basename "$page" .1) +- +[A-Za-z]" <<<"$text" || {
    printf '%s: no usable line of NAME\n' "$page" >&2
    status=1
  }
done
exit "$status"
