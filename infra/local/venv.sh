# Sourced by infra/local/up and tests/run: makes .venv and keeps it as the requirement files say. POSIX sh.

besadu_stop() {
    echo "$1" >&2
    exit 1
}

# The first Python that is new enough; `python3` may be older than the `python3.12` beside it.
besadu_python() {
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    besadu_stop "BESADU needs Python 3.11 or newer: install one, or name it with PYTHON=/path/to/python3, then run this again."
}

# besadu_install FILE: what FILE pins, with a line a second; the copy beside the packages tells the next run that it is done.
besadu_install() {
    mark="$venv/$(echo "$1" | tr / -)"
    cmp -s "$root/$1" "$mark" && return
    log="$venv/install.log"
    echo "installing what $1 pins"
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --no-deps --require-hashes \
        -r "$root/$1" >"$log" 2>&1 &
    pip=$!
    while kill -0 "$pip" 2>/dev/null; do
        sleep 1
        tail -n 1 "$log" | cut -c 1-100 | sed 's/^/  /'
    done
    wait "$pip" || besadu_stop "pip could not install what $1 pins ($(grep -m 1 '^ERROR' "$log" || tail -n 1 "$log")); the whole story is in $log."
    # Not everybody's pip compiles; it halves the time that every start spends on imports.
    "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null 2>&1 || true
    cp "$root/$1" "$mark"
}

# besadu_aside NAME FILE: a venv of its own with what FILE pins and nothing else. Wants besadu_venv before.
besadu_aside() {
    ours=$venv
    venv="$ours/aside/$1"
    if ! cmp -s "$root/$2" "$venv/$(echo "$2" | tr / -)"; then
        "$ours/bin/python" -m venv --clear "$venv" >/dev/null 2>&1 || besadu_stop "$venv could not be made: is the disk full?"
    fi
    besadu_install "$2"
    venv=$ours
}

# besadu_venv FILE: .venv with what FILE pins, and a Java if this machine has none. Wants $root.
besadu_venv() {
    venv="$root/.venv"
    if ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$(besadu_python) || exit 1
        echo "making .venv with $("$python" --version)"
        "$python" -m venv --clear "$venv" >/dev/null 2>&1 ||
            besadu_stop "Python's venv module is missing: install it (Debian, Ubuntu: apt install python3-venv), then run this again."
    fi
    besadu_install "$1"
    java -version >/dev/null 2>&1 || besadu_install infra/local/requirements-java.txt
}
