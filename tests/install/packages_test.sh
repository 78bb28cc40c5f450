#!/usr/bin/env bash
# Builds the Debian packages, installs them, uses them and removes them again. They go to a folder of their own with a copy of
# the machine's list of packages, so that dependencies are checked and the machine is left as it is.
#
# usage: packages_test.sh BUILD FOLDER RECORDINGS GUIDE
#   GUIDE  folder of the blocks source.sh and packages.sh of docs/guides/install.md
set -euo pipefail
export LC_ALL=C

# FOLDER is emptied first.
if (($# != 4)) || [[ $2 != /?* ]]; then
  echo 'usage: packages_test.sh BUILD FOLDER RECORDINGS GUIDE, FOLDER an absolute path' >&2
  exit 2
fi
build=$1 folder=$2 recordings=$3 guide=$4
skip() {
  printf 'packages_test.sh: %s\n' "$1" >&2
  exit 77
}
fail() {
  printf 'packages_test.sh: %s\n' "$1" >&2
  exit 1
}
for tool in dpkg dpkg-shlibdeps cpack; do command -v "$tool" >/dev/null || skip "needs $tool"; done
((EUID == 0)) || skip 'dpkg installs as root only'
[[ -x $build/pinchbeck && -e $build/libpinchbeck.so && -e $build/src/c/libpinchbeck_c.so ]] || skip 'the command and the libraries are not built'

rm -rf "$folder"
mkdir -p "$folder/debs" "$folder/root" "$folder/bin"
# As the guide says, after the steps from source: with this build, and into another folder.
mapfile -t shown <"$guide/packages.sh"
mapfile -t source <"$guide/source.sh"
((${#shown[@]} == 3)) || fail 'the guide has other steps than this test'
[[ ${shown[0]} == "${source[0]} && ${source[1]}" ]] || fail "the guide builds in two ways: ${shown[0]}"
[[ ${shown[1]} == 'cd build/release && cpack '* ]] || fail "the guide packs by another command: ${shown[1]}"
read -ra pack <<<"${shown[1]#*&& }"
[[ ${shown[2]} == 'sudo apt-get install ./'* ]] || fail "the guide installs by another command: ${shown[2]}"
# A careful user's files are for that user alone; those of the packages must be for all.
(cd "$folder" && umask 077 && "${pack[@]}" --config "$build/CPackConfig.cmake" -B "$folder/debs" >cpack.log 2>&1) ||
  fail "$(tail -n 30 "$folder/cpack.log")"
mapfile -t packages < <(find "$folder/debs" -maxdepth 1 -name '*.deb' | sort)
((${#packages[@]} >= 3)) || fail "only ${#packages[@]} packages were made"
mapfile -t named < <(compgen -G "$folder/debs/${shown[2]#*./}")
[[ ${#named[@]} == 1 && $(dpkg-deb --field "${named[0]}" Package) == pinchbeck ]] ||
  fail "the guide installs ${named[*]:-nothing}"

# field DEB NAME
field() { dpkg-deb --field "$1" "$2"; }
for package in "${packages[@]}"; do
  name=$(field "$package" Package)
  depends=$(field "$package" Depends)
  printf '%s: %s\n' "$name" "$depends"
  case $name in
    pinchbeck) [[ $depends == *libc6* && $depends == *libcurl* && $depends == *libssl3* && $depends == *ca-certificates* ]] ;;
    libpinchbeck0*) [[ $depends == *libc6* && $depends == *libcurl* && $depends == *libssl3* ]] ;;
    libpinchbeck-dev) [[ $depends == *'libpinchbeck0.'*"(= $(field "$package" Version))"*libabsl-dev*libeigen3-dev*libcurl4-openssl-dev* ]] ;;
    python3-pinchbeck) [[ $depends == *'python3 (>= 3.'*'python3 (<< 3.'*python3-numpy* && $depends == *libc6* ]] ;;
    *) true ;;
  esac || fail "$name: wrong dependencies"
  if [[ $name == libpinchbeck0* ]]; then
    for library in 'libpinchbeck 0\.[0-9]*' 'libpinchbeck_c 1'; do
      grep -qx <<<"$(dpkg-deb --info "$package" shlibs)" "$library $name (>= .*)" ||
        fail "$name does not say what users of $library depend on"
    done
  fi
done

# contents DEB: mode, kind and path of everything in it.
contents() { dpkg-deb --contents "$1" | awk '{print $1, $6}'; }
for package in "${packages[@]}"; do
  name=$(field "$package" Package)
  odd=$(contents "$package" | grep -Ev '^(drwxr-xr-x|-rw-r--r--|lrwxrwxrwx) |^-rwxr-xr-x \./usr/bin/pinchbeck$' || true)
  [[ -z $odd ]] || fail "$name: unusual modes: $odd"
  for file in copyright changelog.gz changelog.Debian.gz; do
    grep -qFx <<<"$(contents "$package")" -- "-rw-r--r-- ./usr/share/doc/$name/$file" || fail "$name lacks $file"
  done
  # Scripts would be run as root by dpkg for nothing; the trigger does what they would.
  members=$(dpkg-deb --ctrl-tarfile "$package" | tar -t | sed 's|^\./||' | sort | tr '\n' ' ')
  case $name in
    libpinchbeck0*)
      [[ $members == *'control md5sums shlibs triggers ' ]] || fail "$name holds the control files $members"
      [[ $(dpkg-deb --info "$package" triggers) == 'activate-noawait ldconfig' ]] || fail "$name: wrong triggers"
      ;;
    *) [[ $members == *'control md5sums ' ]] || fail "$name holds the control files $members" ;;
  esac
done
double=$(for package in "${packages[@]}"; do contents "$package"; done | grep -v '^d' | sort -k2 | uniq -D -f1)
[[ -z $double ]] || fail "in several packages: $double"
if command -v lintian >/dev/null; then
  # Libraries lie in /usr/lib, as the prefix of the build has it, and not in a folder of the architecture; and no bug at
  # Debian's asks for these packages, which are not for its archive.
  lintian --allow-root --fail-on error,warning --suppress-tags \
    pkg-config-unavailable-for-cross-compilation,initial-upload-closes-no-bugs "${packages[@]}" || fail 'lintian complains'
fi

# A copy of what dpkg knows; without its triggers, which would run the machine's programs. Slim images leave out manual
# pages and documentation, which are checked here.
admin=$folder/root/var/lib/dpkg
mkdir -p "$admin/info" "$admin/updates" "$admin/triggers"
cp /var/lib/dpkg/status "$admin/"
find /var/lib/dpkg/info -name '*.list' -exec cp -t "$admin/info" {} +
in_folder() { dpkg --root="$folder/root" --path-include='/usr/*' --log="$folder/dpkg.log" "$@"; }

names=()
for package in "${packages[@]}"; do names+=("$(field "$package" Package)"); done
for name in "${names[@]}"; do
  in_folder --status "$name" >/dev/null 2>&1 && in_folder --purge --force-depends "$name" >/dev/null 2>&1
done
in_folder --install "${packages[@]}" >"$folder/install.log" 2>&1 || fail "$(cat "$folder/install.log")"
for name in "${names[@]}"; do
  [[ $(in_folder --status "$name") == *'Status: install ok installed'* ]] || fail "$name is not installed"
done

usr=$folder/root/usr
[[ -x $usr/bin/pinchbeck ]] || fail 'no command'
# Fingerprints of other holders are named with their licence.
for prints in "$usr"/share/pinchbeck/fingerprints/*/; do
  prints=$(basename "$prints")
  [[ $prints == testbed ]] || grep -qFx "Files: fingerprints/$prints/*" "$usr/share/doc/pinchbeck/copyright" ||
    fail "the package's copyright does not name the holder of fingerprints/$prints"
done
"$usr/bin/pinchbeck" --version
"$usr/bin/pinchbeck" enroll --recording "$recordings/swap-relay.jsonl.gz" --model relay --out "$folder/relay.json"
for file in share/man/man1/pinchbeck-verify.1.gz share/bash-completion/completions/pinchbeck \
  share/pinchbeck/fingerprints/index.json include/pinchbeck/version.h share/doc/pinchbeck/copyright; do
  [[ -s $usr/$file ]] || fail "usr/$file is missing"
done
if command -v man >/dev/null; then
  MANPAGER=cat MANPATH=$usr/share/man man pinchbeck verify | grep -q 'pinchbeck-verify' || fail 'man does not find the pages'
fi
[[ $(zcat "$usr/share/doc/pinchbeck/changelog.gz") == '# Changes'* ]] || fail 'wrong changes'
zcat "$usr/share/doc/pinchbeck/changelog.Debian.gz" | head -n 1 |
  grep -qF "pinchbeck ($(field "${packages[0]}" Version)) " || fail 'the entry is of another version'
if [[ -d $usr/lib/python3 ]]; then
  python=/usr/bin/python3
  where=$(cd / && PYTHONPATH=$usr/lib/python3/dist-packages "$python" -B -c \
    'import pinchbeck, pinchbeck.stats; print(pinchbeck.__file__)')
  [[ $where == "$usr"/lib/python3/dist-packages/* ]] || fail "the module was imported from $where"
  [[ -z $(find "$usr/lib" -maxdepth 1 -name 'python3.*') ]] || fail 'modules lie where no Python looks'
fi
"$usr/bin/pinchbeck" fingerprints verify "$usr/share/pinchbeck/fingerprints"
# From a folder without any, the installed ones are found.
(cd "$folder/bin" && "$usr/bin/pinchbeck" fingerprints show GPT-4o >/dev/null) ||
  fail 'the installed fingerprints are not found'
for file in pinchbeck-config.cmake pinchbeck_c.pc libpinchbeck_c.so libpinchbeck_c.so.1; do
  [[ -n $(find "$usr" -name "$file") ]] || fail "no $file"
done

# The shared library first: what needs it must hold it.
for name in "${names[@]}"; do
  [[ $name == libpinchbeck0* ]] || continue
  ! in_folder --remove "$name" >"$folder/refused.log" 2>&1 ||
    fail "$name could be removed while libpinchbeck-dev needs it"
  grep -q "dependency problems prevent removal of $name" "$folder/refused.log" ||
    fail "$name was kept for another reason: $(cat "$folder/refused.log")"
done
in_folder --purge "${names[@]}" >"$folder/remove.log" 2>&1 || fail "$(cat "$folder/remove.log")"
left=$(find "$folder/root" -path "$admin" -prune -o ! -type d -print)
[[ -z $left ]] || fail "left behind: $left"
