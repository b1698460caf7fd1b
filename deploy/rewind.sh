#!/bin/sh
# Make the empty data folder $PGDATA what the server was at a moment, from a base and the log in $ARCHIVE:
#   rewind.sh BASE ['2026-11-21 14:29:00+00']
# Without a moment, as far as the log goes. The server that is started on it then replays the log, and serves.
set -eu
base=$1 moment=${2:-}
if [ -n "$(ls -A "$PGDATA" 2>/dev/null)" ]; then
    echo "$PGDATA is not empty. Keep it, and give the server another volume. Nothing was changed." >&2
    exit 1
fi
pg_verifybackup --quiet --no-parse-wal "$base"
mkdir -p "$PGDATA"
chmod 700 "$PGDATA"
tar -xzf "$base/base.tar.gz" -C "$PGDATA"
tar -xzf "$base/pg_wal.tar.gz" -C "$PGDATA/pg_wal"
{
    echo "restore_command = 'cp \"$ARCHIVE/%f\" \"%p\"'"
    if [ -n "$moment" ]; then
        echo "recovery_target_time = '$moment'"
        echo "recovery_target_action = 'promote'"
    fi
} >>"$PGDATA/postgresql.auto.conf"
touch "$PGDATA/recovery.signal"
echo "$PGDATA is ready. Start the server, then prove it: check_books --deep."
