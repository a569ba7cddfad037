# Shared by ./reproduce and ./check: the list of packages, the installation of missing ones, and the build in build/.
# A script sources this file, with `setup_name` set to its own name and the repository's root as the current folder.

# The only list of packages (Debian's names). configure and doc/testing.md describe what each is for.
setup_to_build="gcc libc6-dev make autoconf automake libtool pkg-config
  libopenblas-dev zlib1g-dev libjansson-dev libzip-dev libelf-dev libseccomp-dev check libgsl-dev libmpfr-dev"
# Without these the program and its tests still run, but leave something out and report it.
setup_to_reproduce_all="dataset-fashion-mnist gnuplot-nox"
setup_to_test_all="$setup_to_reproduce_all bubblewrap python3 python3-numpy nodejs chromium groff-base
  libsimde-dev"
setup_to_check_all="$setup_to_test_all iproute2 python3-torch jupyter-nbconvert python3-ipykernel clang valgrind lcov
  libclang-rt-dev python3-clang libopenmpi-dev openmpi-bin libopenblas0-openmp libopenblas0-serial
  libopenblas64-pthread-dev libopenblas64-0-openmp libopenblas64-0-serial"
setup_to_check_everywhere="$setup_to_test_all libopenblas0-openmp libopenblas0-serial libopenblas64-pthread-dev
  libopenblas64-0-openmp libopenblas64-0-serial debootstrap qemu-user gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf
  gcc-i686-linux-gnu gcc-riscv64-linux-gnu gcc-s390x-linux-gnu"

setup_log=build/setup.log
setup_installed=

setup_say() { printf '%s: %s\n' "$setup_name" "$*"; }

setup_fail() {
  printf '%s: %s\n' "$setup_name" "$*" >&2
  exit 1
}

# Prints those packages among the arguments that are not installed.
setup_missing() {
  for package; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

setup_is_root() { [ "$(id -u)" -eq 0 ]; }
setup_can_be_root() { setup_is_root || { command -v sudo >/dev/null && sudo true; }; }
setup_as_root() { if setup_is_root; then "$@"; else sudo "$@"; fi; }

# Runs a command and shows the last lines of its output only if it fails.
setup_quietly() {
  "$@" >>"$setup_log" 2>&1 </dev/null && return
  tail -n 25 "$setup_log" >&2
  setup_fail "'$*' failed; its complete output is in $PWD/$setup_log"
}

setup_apt_get() {
  setup_as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@"
}

# setup_install NEEDED OPTIONAL: installs missing packages, and asks for root only if there are any.
setup_install() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || {
    setup_say "this is not a Debian system, so no package is installed; configure names what is missing"
    return
  }
  needed=$(setup_missing $1)
  optional=$(setup_missing $2)
  missing=$(echo $needed $optional)
  [ -n "$missing" ] || return 0
  command="apt-get install --no-install-recommends $missing"
  if ! setup_can_be_root; then
    [ -z "$needed" ] || setup_fail "packages are missing; type as root: $command"
    setup_say "continuing without $missing (to install, type as root: $command)"
    return
  fi
  setup_say "installing $missing"
  setup_quietly setup_apt_get update
  setup_quietly setup_apt_get install -y --no-install-recommends $missing
  setup_installed=yes
}

# Runs bootstrap and configure if they have never run, and then make, which handles everything that has changed.
setup_build() {
  [ -x configure ] && [ -f Makefile.in ] && [ -f config.h.in ] && [ -f build-aux/ltmain.sh ] || {
    setup_say "generating configure"
    setup_quietly ./bootstrap
  }
  if ! { [ -f build/Makefile ] && [ -x build/config.status ]; }; then
    setup_say "configuring build/"
    setup_quietly setup_configure
  elif [ -n "$setup_installed" ]; then # what is new may change what configure finds
    setup_say "configuring build/ again"
    setup_quietly setup_configure_again
  fi
  setup_say "building in build/"
  setup_quietly make -C build -j"$(nproc)" "$@"
}

# libtool is a shell script that runs once for every file. configure would choose bash for it, which takes twice as long
# as Debian's sh.
setup_configure() { (cd build && CONFIG_SHELL=/bin/sh ../configure); }
setup_configure_again() { (cd build && ./config.status --recheck && ./config.status); }

mkdir -p build
: >"$setup_log"
