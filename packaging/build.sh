# shellcheck shell=sh
# Sourced by ./run and ./test, after packages.sh: sets a build directory up, and builds it.

root=${root:?the checkout}

# build NAME COMPILER [MESON-OPTION]...: builds $root/NAME. A directory that somebody set up
# by hand is taken as it is.
build() {
    name=$1 compiler=$2
    shift 2
    mkdir -p "$root/$name" || die "cannot make $name/"
    [ -w "$root/$name" ] ||
        die "$name/ is not yours to write: it was made by $(stat -c %U "$root/$name")"
    # One build at a time in a directory.
    (
        flock 9
        build_locked "$@"
    ) 9<"$root/$name"
}

build_locked() {
    cd "$root" || exit
    # What a directory that is set up cannot outlive: another place, option, Meson or compiler.
    setup="$root $compiler $* $(dpkg-query -W meson gcc clang 2>/dev/null | tr '\n\t' '  ')"
    # What Meson must be told (packaging/list.sh).
    sources=$(find src tests/unit fuzz -name '*.c' | LC_ALL=C sort)
    quiet=--quiet
    if [ -f "$name/build.ninja" ]; then
        if [ -f "$name/setup.txt" ] && [ "$setup" != "$(cat "$name/setup.txt")" ]; then
            say "$name/ was set up in other circumstances"
            find "$name" -mindepth 1 -maxdepth 1 ! -name logs -exec rm -r {} +
        elif [ "$sources" != "$(cat "$name/sources.txt" 2>/dev/null)" ]; then
            meson setup --reconfigure "$name" >"$name/setup.log" 2>&1 || set_up_failed
        fi
    fi
    if [ ! -f "$name/build.ninja" ]; then
        say "setting $name/ up and building it"
        quiet=
        CC=$compiler meson setup "$name" -Db_colorout=auto "$@" >"$name/setup.log" 2>&1 || set_up_failed
        printf '%s\n' "$setup" >"$name/setup.txt"
    fi
    printf '%s\n' "$sources" >"$name/sources.txt"
    ninja -C "$name" $quiet || die "the build failed, see above (rm -r $name starts it anew)"
}

set_up_failed() {
    tail -n 20 "$name/setup.log" >&2
    die "Meson could not set $name/ up, see above (rm -r $name starts it anew)"
}

# The program that is used: ./run starts it, ./test tests it.
build_release() {
    build build gcc -Dbuildtype=debugoptimized
}
