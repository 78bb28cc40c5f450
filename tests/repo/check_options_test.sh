#!/usr/bin/env bash
# Tests check_options.sh: it must fail where the documentation shows what no command takes.
set -euo pipefail

script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/check_options.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/bin" "$scratch/bench/accuracy"
cat >"$scratch/bin/pinchbeck" <<'TXT'
#!/bin/sh
case $* in
  'verify --help') printf 'Usage: pinchbeck verify [OPTIONS]\n  -h,--help  Print\n  --claim TEXT:{a,b}=a  which\n  --json  print\n  --alpha-level FLOAT\n\nExample:\n  pinchbeck collect --groups a\n' ;;
  'fingerprints show --help') printf 'Usage: pinchbeck fingerprints show [OPTIONS]\n  --all  all\n' ;;
  *) printf 'Usage: pinchbeck [OPTIONS] SUBCOMMAND\n  --json  print\n' ;;
esac
TXT
printf '#!/bin/sh\nprintf "  test [--preset P] [ARG...]\\n  accuracy [--quick]\\n  help   this\\n"\n' >"$scratch/dev"
echo 'app.add_option("--draws", x);' >"$scratch/bench/accuracy/main.cc"
chmod +x "$scratch/bin/pinchbeck" "$scratch/dev"
failures=0

# expect STATUS NAME BLOCK [LANGUAGE]
expect() {
  local status=0
  # shellcheck disable=SC2016  # the fences of a block
  printf 'Text.\n\n```%s\n%s\n```\n' "${4:-sh}" "$3" >"$scratch/page.md"
  "$script" "$scratch/bin" "$scratch" "$scratch/page.md" >"$scratch/out" 2>&1 || status=$?
  if ((status != $1)); then
    printf '%s: exit status %d, expected %d\n' "$2" "$status" "$1" >&2
    cat "$scratch/out" >&2
    failures=$((failures + 1))
  fi
}

expect 0 'options that exist' 'pinchbeck verify --claim a --json file'
expect 0 'a value after a sign' 'pinchbeck verify --claim=a'
expect 1 'an option that does not exist' 'pinchbeck verify --no-such'
expect 1 'an option of an example' 'pinchbeck verify --groups a'
expect 1 'the start of an option' 'pinchbeck verify --alpha 1'
expect 1 'an option of another command' 'pinchbeck fingerprints show --claim a'
expect 0 'a command of a command' 'pinchbeck fingerprints show --all'
expect 1 'an unknown command' 'pinchbeck verfy --json'
expect 1 'a continued line' $'pinchbeck verify --json \\\n    --no-such'
expect 1 'after a pipe' 'cat x | pinchbeck verify --no-such'
expect 1 'after another command' 'true && pinchbeck verify --no-such'
expect 0 'another program' $'pinchbeck verify | grep --no-such x\n'
expect 0 'a comment' 'pinchbeck verify  # or --no-such'
expect 1 'no command at all' 'ls'
expect 1 'a block in another language' 'pinchbeck verify --json' text
expect 1 'no shell' $'pinchbeck verify --json\nfor x in'
expect 0 'dev' './dev test --preset x'
expect 1 'dev, unknown command' './dev tset'
expect 1 'dev, unknown option' './dev test --no-such'
expect 0 'dev, options of the accuracy program' './dev accuracy --quick --draws 3'
expect 1 'dev, no option of the accuracy program' './dev accuracy --draw 3'

exit "$((failures > 0))"
