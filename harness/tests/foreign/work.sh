#!/bin/sh
# What a shell does by itself and by programs it starts: `work.sh HOW DIR N`.
set -eu
how=$1 dir=$2 n=$3
i=0
while [ "$i" -lt "$n" ]; do
    mkdir "$dir/sub"
    : >"$dir/file"
    ln -s file "$dir/other"
    rm -f "$dir/other" "$dir/file"
    rmdir "$dir/sub"
    i=$((i + 1))
done
[ "$how" = alone ]
mkdir "$dir/done"
