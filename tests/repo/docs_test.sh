#!/usr/bin/env bash
# Builds the reference of the public headers: Doxygen must have nothing to complain about, and the headers' comments must
# have reached it. A header with a mistake must be complained about.
#
# usage: docs_test.sh ROOT FOLDER
set -euo pipefail

root=$1 folder=$2
for tool in doxygen python3; do
  command -v "$tool" >/dev/null || {
    printf '%s is not installed\n' "$tool" >&2
    exit 77
  }
done
fail() {
  printf 'docs_test.sh: %s\n' "$1" >&2
  exit 1
}

rm -rf "$folder"
mkdir -p "$folder/pages" "$folder/wrong/pages"
cd "$root"
PINCHBECK_DOCS_OUT=$folder/pages doxygen docs/Doxyfile || fail 'warnings, see above'

# shows PAGE TEXT
shows() { grep -qF -e "$2" "$folder/pages/$1" || fail "$1 does not show: $2"; }
shows namespacepinchbeck.html 'Compares an observed sample'
shows structpinchbeck_1_1VerifyOptions.html 'Relabelings; raised to 20 k / alpha'
shows classpinchbeck_1_1stats_1_1LikelihoodRatioEProcess.html 'largest wealth &gt;= 1/alpha'
# A formula keeps its lines, and a comment inside a function stays where it is.
# Not through a pipe: the second grep may end before the first has written all.
formulas=$(grep -A 3 -F '<pre class="fragment">' "$folder/pages/namespacepinchbeck_1_1stats.html")
grep -qF 'sum_j l_j' <<<"$formulas" ||
  fail 'the formula of Anderson and Darling is not preformatted'
mapfile -t pages < <(find "$folder/pages" -name '*.html' ! -name '*_source.html')
! grep -qF 'off by -i pi on the' "${pages[@]}" || fail 'a comment inside a function was shown'
! grep -lF -e '@verbatim' -e '/// ' "${pages[@]}" || fail 'marks were left in the text'

cat >"$folder/wrong/wrong.h" <<'TEXT'
/** @file
A number. */

/** One.
@nosuch thing */
int Number();
TEXT
if {
  cat docs/Doxyfile
  printf 'INPUT = %s\nUSE_MDFILE_AS_MAINPAGE =\n' "$folder/wrong/wrong.h"
} | PINCHBECK_DOCS_OUT=$folder/wrong/pages doxygen - 2>"$folder/wrong/complaints"; then
  fail 'a comment with a mistake passed'
fi
grep -q 'wrong\.h:5: .*nosuch' "$folder/wrong/complaints" ||
  fail "the mistake was not named: $(cat "$folder/wrong/complaints")"
