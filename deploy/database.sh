#!/bin/sh
# The postgres image with an archive of its log in $ARCHIVE: a file after 16 MB or five minutes of changes, whole on the
# disk before it has its name (basic_archive, PostgreSQL's own). deploy/base.sh and deploy/rewind.sh make use of it.
#   database.sh PROGRAM [ARGUMENT …]
set -eu
if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 700 "$ARCHIVE"
fi
exec "$@" -c archive_mode=on -c archive_timeout=300 \
    -c archive_library=basic_archive -c "basic_archive.archive_directory=$ARCHIVE"
