# Shared by the scripts in this folder; source it, do not run it.
# Gives: the project's root as working folder, numbered steps with times, failures that say what to do, and `cargo_run`.
# shellcheck shell=bash

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"

# One target folder for both halves and all runs, wherever the machine's own settings would put it.
export CARGO_TARGET_DIR=$ROOT/target
# The committed query descriptions are used, so that building needs no database.
export SQLX_OFFLINE=true
# Rust from rustup may be installed but not on the PATH of this shell.
case ":$PATH:" in *":$HOME/.cargo/bin:"*) ;; *) [ ! -x "$HOME/.cargo/bin/cargo" ] || PATH=$PATH:$HOME/.cargo/bin ;; esac

mkdir -p target/log

note() { printf '      %s\n' "$*"; }

# die WHAT [WHAT TO DO]...: ends the script.
die() {
    printf '\n  FAILED: %s\n' "$1" >&2
    shift
    local line
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# for_people SECONDS: 75 becomes "1 min 15 s".
for_people() {
    if [ "$1" -ge 60 ]; then echo "$(($1 / 60)) min $(($1 % 60)) s"; else echo "$1 s"; fi
}

STEP=0
STEPS=0
# step WHAT COMMAND...: one of $STEPS steps; says which, runs it, says how long it took. COMMAND is a program, or a function
# of the script: a function must pass on failures by itself, bash's `set -e` does not reach into it here.
step() {
    local what=$1 started=$SECONDS status=0
    shift
    STEP=$((STEP + 1))
    printf '[%s/%s] %s\n' "$STEP" "$STEPS" "$what"
    if [ "$(type -t "$1")" = function ]; then "$@" || status=$?; else stoppable "$@" || status=$?; fi
    if [ "$status" -ne 0 ]; then
        printf '[%s/%s] %s: failed after %s\n' "$STEP" "$STEPS" "$what" "$(for_people $((SECONDS - started)))" >&2
        exit "$status"
    fi
    note "done in $(for_people $((SECONDS - started)))"
}

# stoppable PROGRAM...: runs it so that a signal to this script ends it at once. Bash hears no signal while it waits for a
# program in the foreground.
stoppable() {
    "$@" 0<&0 &
    wait "$!"
}

# A signal ends what this script started, too.
stop_children() {
    trap '' TERM INT
    local children
    children=$(jobs -p)
    # shellcheck disable=SC2086
    [ -z "$children" ] || kill $children 2>/dev/null || true
}
trap 'stop_children; exit 143' TERM
trap 'stop_children; exit 130' INT

# as_root COMMAND...: runs it as root, by itself or through sudo. Fails when there is no way.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 1
    fi
}

# Which Rust builds both halves: `rustup` (the machine's own) or `debian`. Chosen by scripts/setup-wasm.
chosen_toolchain() { echo "${CHOSEN_TOOLCHAIN:-$(cat target/toolchain 2>/dev/null || echo rustup)}"; }

# The folder with Debian's standard library for browsers, made by scripts/setup-wasm; one per compiler.
debian_std() { echo "$ROOT/target/wasm-std/$(/usr/bin/rustc --version | tr -c 'A-Za-z0-9.\n' '-')"; }

# Puts the words that start cargo of the chosen toolchain into `cargo`: choose_cargo; "${cargo[@]}" build …
choose_cargo() {
    if [ "$(chosen_toolchain)" = debian ]; then
        cargo=(env RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc /usr/bin/cargo)
    else
        # A RUSTC left over in the shell would override the choice.
        cargo=(env -u RUSTC cargo)
    fi
}

# cargo_run LOG ARGUMENTS...: cargo with signs of life. On a terminal cargo draws its own bar; elsewhere a line now and then says
# how far it is, and all of it is shown only when it fails.
cargo_run() {
    local log=target/log/$1.log status=0 started=$SECONDS shown=$SECONDS far
    shift
    choose_cargo
    if [ -t 2 ]; then
        stoppable "${cargo[@]}" "$@"
        return
    fi
    CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=60 "${cargo[@]}" "$@" >"$log" 2>&1 &
    local child=$!
    while kill -0 "$child" 2>/dev/null; do
        sleep 0.1
        if [ $((SECONDS - shown)) -ge 20 ]; then
            shown=$SECONDS
            far=$(tr '\r' '\n' <"$log" | grep -oE '[0-9]+/[0-9]+' | tail -n 1 || true)
            note "cargo $1: ${far:-starting}${far:+ parts}, $(for_people $((SECONDS - started)))"
        fi
    done
    wait "$child" || status=$?
    if [ "$status" -ne 0 ]; then
        without_progress "$log" >&2
    else
        # Warnings are worth seeing even when it worked.
        without_progress "$log" | grep -E -A12 '^warning' || true
    fi
    return "$status"
}

without_progress() {
    tr '\r' '\n' <"$1" | grep -vE '^\s*(Blocking|Building|Checking|Compiling|Downloaded|Downloading|Finished|Fresh|Locking|Updating)\b|^\s*$' || true
}
