#!/bin/sh
# list.sh PATTERN...: the files below the current folder that match, one a line, sorted.
# meson.build finds its sources with it, so that a new file needs no row anywhere; ./run and
# ./test configure again when the list has changed (packaging/build.sh). After adding a file
# and calling ninja by hand: meson setup --reconfigure build.
# shellcheck disable=SC2048 # the patterns are meant to expand
for file in $*; do
    if [ -f "$file" ]; then printf '%s\n' "$file"; fi
done
