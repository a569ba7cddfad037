#!/bin/sh
# Gradescope runs this as root once, when it builds the image. Written by `assay gradescope`.
set -eu
cd "${ASSAY_AUTOGRADER:-/autograder}/source"
export DEBIAN_FRONTEND=noninteractive
# What compiles and isolates submissions, what reads them, and what the teacher added.
apt-get -q update
# shellcheck disable=SC2046
apt-get -q -y install --no-install-recommends bubblewrap util-linux gcc libc6-dev python3 python3-numpy $(cat packages)
set -- install/*.deb
if [ -e "$1" ]; then
    # One command: the packages need each other.
    # shellcheck disable=SC2046
    set -- $(printf './%s ' "$@")
    apt-get -q -y install --no-install-recommends "$@"
fi
for archive in install/*.tar*; do
    [ -e "$archive" ] || continue
    apt-get -q -y install --no-install-recommends make pkg-config xz-utils libopenblas-dev zlib1g-dev \
        libjansson-dev libzip-dev libelf-dev libseccomp-dev
    build=$(mktemp -d)
    tar -x -f "$archive" -C "$build" --strip-components=1
    (cd "$build" && ./configure -q --without-cuda --disable-tests && make -s -j"$(nproc)" && make -s install)
    rm -rf "$build"
    ldconfig
done
assay --version
