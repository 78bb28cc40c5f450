#!/usr/bin/env bash
# Tests when ./dev configures anew: a build folder that is taken as it is may lack what was installed since.
set -euo pipefail

dev=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/../../dev
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# All of it but the last line, which runs it.
sed '$d' "$dev" >"$scratch/dev"
# shellcheck source=/dev/null
source "$scratch/dev"

folder=$scratch/build/dev
mkdir -p "$folder"
touch "$folder/build.ninja"
echo "CMAKE_HOME_DIRECTORY:INTERNAL=$scratch" >"$folder/CMakeCache.txt"
touch -d '2026-01-01 10:00' "$scratch/CMakePresets.json"
touch -d '2026-01-01 12:00' "$folder/.dev-configured"
failures=0

# expect yes|no NAME
expect() {
  local found=no
  if configured "$folder"; then found=yes; fi
  if [[ $found != "$1" ]]; then
    printf '%s: configured is %s, expected %s\n' "$2" "$found" "$1" >&2
    failures=$((failures + 1))
  fi
}

expect yes 'nothing was installed'
touch -d '2026-01-01 11:00' "$scratch/build/packages.log"
expect yes 'packages were installed before'
touch -d '2026-01-01 13:00' "$scratch/build/packages.log"
expect no 'packages were installed since'
touch -d '2026-01-01 14:00' "$folder/.dev-configured"
expect yes 'configured anew'
touch -d '2026-01-01 15:00' "$scratch/CMakePresets.json"
expect no 'the presets are newer'

exit $((failures > 0))
