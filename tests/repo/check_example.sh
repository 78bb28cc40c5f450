#!/usr/bin/env bash
# Fails unless a page of the documentation shows an example as it is: its code between the lines `// [page` and
# `// page]`, and what the program prints.
#
# usage: check_example.sh PAGE SOURCE PROGRAM
#   PAGE     Markdown; has a line `<!-- example: NAME -->` with the source's file name, a block of code, a line
#            `<!-- output -->` and a block of text
#   SOURCE   the program's only file
#   PROGRAM  the program
set -euo pipefail

(($# == 3)) || {
  echo 'usage: check_example.sh PAGE SOURCE PROGRAM' >&2
  exit 2
}
page=$1 source=$2 program=$3
name=$(basename "$source")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  printf 'check_example.sh: %s\n' "$1" >&2
  exit 1
}

# block LINE LANGUAGE: the block that directly follows the first such line after the page's example line.
block() {
  awk -v example="<!-- example: $name -->" -v line="$1" -v fence="\`\`\`$2" '
    $0 == example { here = 1 }
    here && wanted { if ($0 == fence) inside = 1; wanted = here = 0; next }
    here && $0 == line { wanted = 1; next }
    inside && $0 == "```" { closed = 1; exit }
    inside { print }
    END { exit !closed }' "$page"
}

awk '
  /^ *\/\/ \[page$/ { ++opened; inside = 1; next }
  /^ *\/\/ page\]$/ { ++closed; inside = 0; next }
  inside { print }
  END { exit opened != 1 || closed != 1 }' "$source" >"$scratch/code" ||
  fail "$source: needs one line '// [page' and one line '// page]'"
[[ -s $scratch/code ]] || fail "$source: nothing stands between '// [page' and '// page]'"
block "<!-- example: $name -->" cpp >"$scratch/page_code" ||
  fail "$page: no cpp block follows a line '<!-- example: $name -->'"
block '<!-- output -->' text >"$scratch/page_output" ||
  fail "$page: no text block follows a line '<!-- output -->' after the example"
"$program" >"$scratch/output" || fail "$program ends with status $?"
[[ -s $scratch/output ]] || fail "$program prints nothing"

diff -u --label "$page" --label "$source" "$scratch/page_code" "$scratch/code" ||
  fail "$page shows other code than $source"
diff -u --label "$page" --label "$program" "$scratch/page_output" "$scratch/output" ||
  fail "$page shows another output than the program's"
