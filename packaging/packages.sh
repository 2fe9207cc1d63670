# shellcheck shell=sh disable=SC2046,SC2086 # the lists here are words to be split
# Sourced by ./run and ./test: the Debian packages they need, and how those get there.

# A row a|b is met by any of its names; the first is what gets installed. The alternatives
# keep apt from replacing what somebody chose (the two libcurl packages exclude each other).
run_packages='
gcc
libc6-dev
meson
ninja-build
pkgconf|pkg-config
libevent-dev
libcjson-dev
libsqlite3-dev
libssl-dev
libinih-dev
libcurl4-openssl-dev|libcurl4-gnutls-dev
ca-certificates
tzdata
'
test_packages='
libcmocka-dev
python3
python3-pytest
clang
clang-format
'

# The same for a system without apt: what must answer in PATH, what pkg-config must know.
run_tools='gcc meson ninja pkg-config'
run_modules='libevent_core libcjson sqlite3 libcrypto inih libcurl'
test_tools='clang clang-format python3'
test_modules='cmocka'

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "$*"
    exit 1
}

# missing_packages ROW...: the first name of each row of which nothing is installed.
missing_packages() {
    # One call for all: the second start should take no time.
    installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(echo "$*" | tr '|' ' ') \
        2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' ')"
    for row; do
        found=
        for name in $(echo "$row" | tr '|' ' '); do
            case $installed in *" $name "*) found=yes ;; esac
        done
        [ "$found" ] || echo "${row%%|*}"
    done
}

# install_packages ROW...: installs by name what is missing, and touches nothing else.
install_packages() {
    missing=$(missing_packages "$@" | tr '\n' ' ')
    missing=${missing% }
    [ "$missing" ] || return 0
    install="apt-get install --yes --no-install-recommends --no-remove $missing"
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "missing: $missing. You are not root and there is no sudo; as root, run: $install"
        as_root=sudo
    fi
    say "missing: $missing"
    say "installing with apt-get${as_root:+ through sudo}"
    as_root="$as_root env DEBIAN_FRONTEND=noninteractive"
    # Others may hold apt's lock for minutes on a machine that has just been started.
    wait='-o DPkg::Lock::Timeout=300'
    $as_root apt-get $wait --quiet update ||
        say "apt-get update failed; trying with the package lists that are there"
    $as_root $install $wait --quiet || die "could not install: $missing"
}

# have_packages TOOLS MODULES: ends the program with a list of what a system without apt lacks.
have_packages() {
    lacking=
    for tool in $1; do
        command -v "$tool" >/dev/null || lacking="$lacking $tool"
    done
    for module in $2; do
        pkg-config --exists "$module" 2>/dev/null || lacking="$lacking $module"
    done
    [ -z "$lacking" ] || die "missing:$lacking. There is no apt-get here, so please install" \
        "these tools and libraries (with headers and pkg-config files): $1 $2"
}

need_run_packages() {
    if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
        install_packages $run_packages
    else
        have_packages "$run_tools" "$run_modules"
    fi
}

need_test_packages() {
    if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
        install_packages $run_packages $test_packages
        # The sanitizers' and libFuzzer's runtime carries the version of clang in its name.
        version=$(clang --version | sed -n 's/.*clang version \([0-9]*\).*/\1/p')
        install_packages "libclang-rt-$version-dev"
    else
        have_packages "$run_tools $test_tools" "$run_modules $test_modules"
    fi
}
