#!/usr/bin/env bash
# Installs what was built and uses it from projects outside: the statistics alone, the static and the shared library, the
# C interface, through CMake and pkg-config, from a prefix that was moved after installing. What docs/guides/install.md shows
# is run as it stands.
#
# usage: consumer_test.sh CONSUMERS BUILD PREFIX CXX_COMPILER C_COMPILER FINGERPRINT RECORDING GUIDE
#   GUIDE  folder of the guide's blocks source.sh, use.cmake and pkg-config.sh
set -euo pipefail

# PREFIX is emptied first.
if (($# != 8)) || [[ $3 != /?* ]]; then
  echo 'usage: consumer_test.sh CONSUMERS BUILD PREFIX CXX_COMPILER C_COMPILER FINGERPRINT RECORDING GUIDE' >&2
  exit 2
fi
consumer=$1/consumer build=$2 prefix=$3 compiler=$4 c_compiler=$5 fingerprint=$6 recording=$7 guide=$8
root=$(cd "$1/../.." && pwd)

fail() {
  printf 'consumer_test.sh: %s\n' "$1" >&2
  exit 1
}

[[ -e $build/libpinchbeck.a && -e $build/libpinchbeck.so && -e $build/src/c/libpinchbeck_c.so ]] || {
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

# configure NAME SOURCE [ARGUMENT...]: in $prefix/outside-NAME
configure() {
  local folder=$prefix/outside-$1 source=$2
  shift 2
  cmake -S "$source" -B "$folder" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" "$@" >"$folder.log" 2>&1
}

# outside NAME SOURCE [ARGUMENT...]: configures, builds and leaves the program in $prefix/outside-NAME.
outside() {
  local folder=$prefix/outside-$1
  configure "$@" || fail "$(cat "$folder.log")"
  cmake --build "$folder" >"$folder.log" 2>&1 || fail "$(cat "$folder.log")"
}

expect_verdict() {
  local output
  output=$("$@" "$fingerprint" "$recording") || fail "$1 failed"
  local pattern='^[0-9.]+ [^ ]+ (consistent|differs|inconclusive|not_measurable)$'
  [[ $output =~ $pattern ]] || fail "unexpected: $output"
  printf '%s: %s\n' "$1" "$output"
}

cxx=("$consumer" -DCMAKE_CXX_COMPILER="$compiler")
outside stats "${cxx[@]}" -DCOMPONENT=stats
output=$("$prefix/outside-stats/consumer")
# Exact: one of 252 arrangements on each side.
[[ $output == 'p = 0.007937' ]] || fail "unexpected: $output"

outside static "${cxx[@]}" -DCOMPONENT=static -DEXPECTED_TYPE=STATIC_LIBRARY
expect_verdict "$prefix/outside-static/consumer"
! ldd "$prefix/outside-static/consumer" | grep -F libpinchbeck || fail 'the static library was not used'

outside guide "${cxx[@]}" -DGUIDE="$guide/use.cmake" -DEXPECTED_TYPE=STATIC_LIBRARY
expect_verdict "$prefix/outside-guide/my_program"
outside shared "${cxx[@]}" -DCOMPONENT=shared -DEXPECTED_TYPE=SHARED_LIBRARY
expect_verdict "$prefix/outside-shared/consumer"
ldd "$prefix/outside-shared/consumer" | grep -F "$prefix" >/dev/null || fail 'the shared library was not used'

outside c "${consumer}_c" -DCMAKE_C_COMPILER="$c_compiler"
expect_c() {
  local output
  output=$("$@" "$fingerprint") || fail "$1 failed"
  [[ $output =~ ^0\.[0-9.]+\ [^\ ]+$ ]] || fail "unexpected: $output"
}
expect_c "$prefix/outside-c/consumer"
[[ $(ldd "$prefix/outside-c/consumer") == *"$prefix"*libpinchbeck_c.so.1* ]] || fail 'libpinchbeck_c was not used'

# Components that contradict each other or do not exist are refused by name.
for components in 'static;shared' quantum; do
  configure refused "${cxx[@]}" -DCOMPONENT="$components" && fail "components $components were accepted"
  grep -q -e 'ask for one of' -e 'component quantum is not installed' "$prefix/outside-refused.log" ||
    fail "no reason given: $(cat "$prefix/outside-refused.log")"
  rm -rf "$prefix/outside-refused"
done
configure both "${consumer}_both" -DCMAKE_CXX_COMPILER="$compiler" || fail "$(cat "$prefix/outside-both.log")"
grep -q 'pinchbeck::pinchbeck is the static library already' "$prefix/outside-both.log" ||
  fail "no reason given: $(cat "$prefix/outside-both.log")"

if command -v pkg-config >/dev/null; then
  folder=$(dirname "$(find "$prefix" -name pinchbeck.pc)")
  export PKG_CONFIG_PATH=$folder
  [[ $(pkg-config --libs pinchbeck-stats) != *-lpinchbeck* ]] || fail 'pinchbeck-stats links the library'
  # The guide's commands, in a folder with the files that they name and with this build's compilers.
  programs=$prefix/programs
  mkdir -p "$programs"
  cp "$consumer/consumer.cc" "$programs/program.cc"
  cp "$consumer/statistics.cc" "$programs"
  cp "${consumer}_c/consumer.c" "$programs/program.c"
  cd "$programs"
  g++() { "$compiler" "$@"; }
  cc() { "$c_compiler" "$@"; }
  used=
  while read -r line; do
    rm -f a.out
    eval "$line" || fail "the guide's command fails: $line"
    case $line in
      *' program.cc '*) expect_verdict env LD_LIBRARY_PATH="$(dirname "$folder")" ./a.out ;;
      *' statistics.cc '*) [[ $(./a.out) == 'p = 0.007937' ]] || fail "unexpected: $(./a.out)" ;;
      *' program.c '*) expect_c env LD_LIBRARY_PATH="$(dirname "$folder")" ./a.out ;;
      *) fail "the guide has a command that this test does not know: $line" ;;
    esac
    used+=$(grep -o 'pinchbeck[-_a-z]*)' <<<"$line")
  done <"$guide/pkg-config.sh"
  [[ $used == 'pinchbeck)pinchbeck-stats)pinchbeck_c)' ]] || fail "the guide uses $used"
fi

# The guide's commands from source: a configuration that needs no Google Benchmark, and all of this build installed. The build
# itself is the one that was made for the tests.
[[ -x $build/pinchbeck ]] || {
  echo 'the command is not built; the guide to install was not followed' >&2
  exit 77
}
export HOME=$prefix/home
cd "$root"
steps=
while read -r line; do
  case $line in
    'cmake --preset release '*) line+=" -B '$prefix/configured' -DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON" ;;
    'cmake --build build/release') line=true ;;
    'cmake --install build/release '*) line=${line/build\/release/"'$build'"} ;;
    *) fail "the guide has a command that this test does not know: $line" ;;
  esac
  eval "$line" >"$prefix/guide.log" 2>&1 || fail "the guide's command fails: $line: $(cat "$prefix/guide.log")"
  steps+=${line%% -*}/
done <"$guide/source.sh"
[[ $steps == cmake/true/cmake/ ]] || fail "the guide's steps are $steps"
for file in bin/pinchbeck include/pinchbeck/c/pinchbeck.h share/pinchbeck/fingerprints/index.json; do
  [[ -s $HOME/.local/$file ]] || fail "the guide's installation lacks $file"
done
(cd "$prefix" && "$HOME/.local/bin/pinchbeck" fingerprints show GPT-4o >/dev/null) ||
  fail 'the installed command does not find its fingerprints'
