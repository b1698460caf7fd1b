# Sourced by the scripts in bin/: goes to the checkout and sets $python to a working environment.
# POSIX sh, because nothing else may be assumed of a fresh machine.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd -- "$root" || exit 1
home=${ELINKAGES_HOME:-$root/.elinkages}
case $home in /*) ;; *) home=$root/$home ;; esac
export ELINKAGES_HOME="$home"
python=$home/venv/bin/python
# Compiled modules stay in our folder, also where the machine asks for none: a start without them takes three times as long.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$home/bytecode"

if ! cmp -s uv.lock "$home/venv/uv.lock.installed" || ! "$python" -c '' 2>/dev/null; then
    helper=
    for candidate in python3 python3.12 python3.13 python3.14 python3.11 /usr/bin/python3 /usr/local/bin/python3 \
        "$HOME"/.pyenv/versions/3.1[1-9]*/bin/python3; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            helper=$candidate
            break
        fi
    done
    if [ -z "$helper" ]; then
        echo "Elinkages needs a Python 3.11 or newer that has venv (Debian: apt-get install python3-venv)." >&2
        exit 1
    fi
    "$helper" elinkages/machine/environment.py "$home" >&2 || exit 1
fi
