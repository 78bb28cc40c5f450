#!/usr/bin/env bash
# Runs a block of commands from the documentation, one after the other, and fails at the first that ends
# differently than the documentation says.
#
# usage: run_commands.sh COMMANDS FOLDER BINARIES ROOT FILES [PREPARE]
#   COMMANDS  the block; a backslash continues a line, `# exit 1` after a command names an exit status other than 0
#   FOLDER    emptied, then used as working directory
#   BINARIES  put first on PATH
#   ROOT      the checkout that the reader of the documentation stands in
#   FILES     the folder in it that the commands may read, copied to the same place under FOLDER
#   PREPARE   a program that makes in FOLDER what the reader has already
set -uo pipefail

(($# == 5 || $# == 6)) || {
  echo 'usage: run_commands.sh COMMANDS FOLDER BINARIES ROOT FILES [PREPARE]' >&2
  exit 2
}
mapfile -t block <"$1" || exit 2
folder=$2
export PATH=$3:$PATH
rm -rf "$folder"
mkdir -p "$folder"
(cd "$4" && cp -r --parents "$5" "$folder") || exit 2
cd "$folder" || exit 2
if (($# == 6)) && ! "$6"; then
  printf 'run_commands.sh: %s failed\n' "$6" >&2
  exit 2
fi

# What a command left running in the background ends with the block.
end_jobs() {
  local job
  for job in $(jobs -p); do kill "$job" 2>/dev/null; done
}
trap end_jobs EXIT

run() {
  local command=$1 expected=0 status
  if [[ $command =~ '# exit '([0-9]+) ]]; then expected=${BASH_REMATCH[1]}; fi
  printf '$ %s\n' "$command"
  eval "$command"
  status=$?
  if ((status != expected)); then
    printf 'run_commands.sh: exit status %d, expected %d: %s\n' "$status" "$expected" "$command" >&2
    exit 1
  fi
  count=$((count + 1))
}

count=0
command=
for line in "${block[@]}"; do
  if [[ $line == *\\ ]]; then
    command+=${line%\\}
    continue
  fi
  command+=$line
  # Blank lines and comments alone are not commands.
  if [[ ! $command =~ ^[[:space:]]*(#|$) ]]; then run "$command"; fi
  command=
done
if [[ -n $command ]]; then
  echo 'run_commands.sh: the last line is continued, but nothing follows' >&2
  exit 1
fi
if ((count == 0)); then
  echo 'run_commands.sh: no command found' >&2
  exit 1
fi
