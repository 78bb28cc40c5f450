#!/usr/bin/env bash
# Installs what was built and uses it from a project outside: the statistics alone, the static and the shared library,
# through CMake and pkg-config, from a prefix that was moved after installing.
#
# usage: consumer_test.sh CONSUMER BUILD PREFIX COMPILER FINGERPRINT RECORDING
set -euo pipefail

(($# == 6)) || {
  echo 'usage: consumer_test.sh CONSUMER BUILD PREFIX COMPILER FINGERPRINT RECORDING' >&2
  exit 2
}
consumer=$1 build=$2 prefix=$3 compiler=$4 fingerprint=$5 recording=$6

fail() {
  printf 'consumer_test.sh: %s\n' "$1" >&2
  exit 1
}

[[ -e $build/libpinchbeck.a && -e $build/libpinchbeck.so ]] || {
  echo 'the libraries are not built' >&2
  exit 77
}
rm -rf "$prefix" "$prefix-moved"
mkdir -p "$(dirname "$prefix")"
for component in library development; do
  cmake --install "$build" --component "$component" --prefix "$prefix" >"$prefix-install.log"
done
# What is found must not lead back to where it was installed first, nor to the build.
mv "$prefix" "$prefix-moved"
prefix+=-moved
! grep -rlF -e "$build" -e "${prefix%-moved}/" "$prefix" --include='*.cmake' --include='*.pc' ||
  fail 'installed files name the build folder'

# outside NAME COMPONENT TYPE: configures, builds and leaves the program in $prefix/NAME.
outside() {
  local folder=$prefix/outside-$1
  cmake -S "$consumer" -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCOMPONENT="$2" -DEXPECTED_TYPE="$3" >"$folder.log" 2>&1 || fail "$(cat "$folder.log")"
  cmake --build "$folder" >"$folder.log" 2>&1 || fail "$(cat "$folder.log")"
}

expect_verdict() {
  local output
  output=$("$@" "$fingerprint" "$recording") || fail "$1 failed"
  local pattern='^[0-9.]+ [^ ]+ (consistent|differs|inconclusive|not_measurable)$'
  [[ $output =~ $pattern ]] || fail "unexpected: $output"
  printf '%s: %s\n' "$1" "$output"
}

outside stats stats ''
output=$("$prefix/outside-stats/consumer")
# Exact: one of 252 arrangements on each side.
[[ $output == 'p = 0.007937' ]] || fail "unexpected: $output"

outside static static STATIC_LIBRARY
expect_verdict "$prefix/outside-static/consumer"
! ldd "$prefix/outside-static/consumer" | grep -F libpinchbeck || fail 'the static library was not used'

outside default '' STATIC_LIBRARY
outside shared shared SHARED_LIBRARY
expect_verdict "$prefix/outside-shared/consumer"
ldd "$prefix/outside-shared/consumer" | grep -F "$prefix" >/dev/null || fail 'the shared library was not used'

# Components that contradict each other or do not exist are refused by name.
for components in 'static;shared' quantum; do
  if cmake -S "$consumer" -B "$prefix/refused" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCOMPONENT="$components" >"$prefix/refused.log" 2>&1; then
    fail "components $components were accepted"
  fi
  grep -q -e 'ask for one of' -e 'component quantum is not installed' "$prefix/refused.log" ||
    fail "no reason given: $(cat "$prefix/refused.log")"
  rm -rf "$prefix/refused"
done

if command -v pkg-config >/dev/null; then
  folder=$(dirname "$(find "$prefix" -name pinchbeck.pc)")
  export PKG_CONFIG_PATH=$folder
  read -ra flags < <(pkg-config --cflags --libs pinchbeck)
  "$compiler" -std=c++20 "$consumer/consumer.cc" "${flags[@]}" -o "$prefix/by-pkg-config"
  expect_verdict env LD_LIBRARY_PATH="$(dirname "$folder")" "$prefix/by-pkg-config"
  read -ra flags < <(pkg-config --cflags --libs pinchbeck-stats)
  [[ ${flags[*]} != *-lpinchbeck* ]] || fail 'pinchbeck-stats links the library'
  "$compiler" -std=c++20 -fsyntax-only "$consumer/statistics.cc" "${flags[@]}"
fi
