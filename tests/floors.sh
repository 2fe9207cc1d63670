#!/bin/sh
# The floors are law (docs/ARCHITECTURE.md): a folder of src/ includes only what it may use, of
# ours and of the libraries. Prints each line that breaks the law; exit status 1 if there is one.
cd "$(dirname -- "$0")/.." || exit

# folder | folders it may use besides itself | libraries it may use, as #include prefixes
law='
base      |                                            | openssl/ cjson/
domain    | base                                       |
net       | base                                       | event2/ curl/
store     | base domain                                | sqlite3.h libpq-fe.h
transport | base domain net                            | event2/ curl/
api       | base domain net store                      | event2/
engine    | base domain net store transport            | event2/ curl/
main      | base domain net store api transport engine | ini.h event2/ curl/
'
libraries='openssl/ cjson/ event2/ curl/ sqlite3.h libpq-fe.h ini.h'
folders=$(echo "$law" | sed -n 's/^\([a-z]*\) .*/\1/p')

# breaches FOLDER WHAT PREFIX...: the #include lines of the folder that name a prefix.
breaches() {
    folder=$1 what=$2
    shift 2
    for prefix; do
        grep -rnE --include='*.[ch]' --include='*.def' \
            "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]$prefix" "src/$folder" |
            sed "s|\$|    <- src/$folder may not use $what $prefix|"
    done
}

found=$(
    for path in src/*/; do
        case " $(echo "$folders" | tr '\n' ' ')" in
        *" $(basename "$path") "*) ;;
        *) echo "$path stands on no floor: give it a row in tests/floors.sh" ;;
        esac
    done
    echo "$law" | while IFS='|' read -r folder ours theirs; do
        folder=${folder%% *}
        [ "$folder" ] || continue
        for other in $folders; do
            case " $folder $ours " in
            *" $other "*) ;;
            *) breaches "$folder" the\ folder "$other/" ;;
            esac
        done
        for library in $libraries; do
            case " $theirs " in
            *" $library "*) ;;
            *) breaches "$folder" the\ library "$library" ;;
            esac
        done
    done
    # A relative path would go round the table.
    grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"(\.|[^/"]*")' src |
        sed 's|$|    <- write the folder: #include "folder/file.h"|'
)
[ -z "$found" ] || {
    printf '%s\n' "$found"
    exit 1
}
