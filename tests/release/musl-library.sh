#!/bin/sh
# Makes a libstdc++.so.6 for musl of what PROGRAM needs of it, from Debian's objects for glibc:
# musl-library.sh PROGRAM FOLDER. Debian has no such library; systems with musl do.
set -eu
program=$1
folder=$2
archive=$(gcc -print-file-name=libstdc++_pic.a)
[ -f "$archive" ]
cat >"$folder/stubs.c" <<'END'
#include <sys/random.h>
/* What the objects ask of glibc and musl has not. */
void *__dso_handle __attribute__((visibility("hidden"))) = &__dso_handle;
char __libc_single_threaded = 0;
int _dl_find_object(void *address, void *result) { return -1; }
unsigned arc4random(void) { unsigned n; getrandom(&n, sizeof n, 0); return n; }
END
wanted=$(readelf -W --dyn-syms "$program" | awk '$7 == "UND" { print $8 }' |
  grep -E '^(_Z|__cxa_|__once_proxy|__dynamic_cast)' | grep -v -e __cxa_finalize -e _impl | sed 's/@.*//; s/^/-Wl,-u,/')
# shellcheck disable=SC2086
musl-gcc -shared -fPIC -nostdlib -o "$folder/libstdc++.so.6" -Wl,-soname,libstdc++.so.6 \
  "$folder/stubs.c" $wanted "$archive" "$(gcc -print-file-name=libgcc_eh.a)" "$(gcc -print-file-name=libgcc.a)"
