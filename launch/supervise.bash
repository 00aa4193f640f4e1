# Sourced by launch/mpirun and launch/srun: runs their launcher until `winnow run` has ended, whatever the launcher's status says.
#
# Trusts the exit record that the coordinator writes, in the results folder and beside us, and nothing else: when rank 0 is killed, Open
# MPI 4.1 ends everything with status 0. Without a record of this run it was a crash, and it is started again, at most three times;
# finished stages are kept. Ctrl-C, SIGTERM, SIGUSR1 and SIGUSR2 let running stages finish for a moment and stop (exit code 4).
# Started while a run on the same store goes on whose own launch script was killed (kill -9; it alone would have started it again): waits
# for that run, and goes on with what it left. A run that is supervised is not waited for: winnow refuses to be a second one.
# A launcher that has started no rank after WINNOW_START_SECONDS (900) is ended: mpirun waits for a host that was lost meanwhile without end.
# The coordinator ends itself when MPI has not started on all ranks within the same time, and is started again.
# Reads `store`, the results folder of the run, and WINNOW_CRASH_CODE (1), the exit code when that did not help. Ranks find WINNOW_RUN_ID, WINNOW_EXIT_RECORD and WINNOW_TTY in their environment.

# The folder that --store names among the words of a command.
store_among() {
  local store=results
  while [ $# -gt 0 ]; do
    case $1 in
      --store) store=${2:-results} ;;
      --store=*) store=${1#--store=} ;;
    esac
    shift
  done
  echo "$store"
}

# What every rank's Open MPI is told, whoever starts it: what the behaviour under faults was measured with.
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_mpi_yield_when_idle=1
export WINNOW_RUN_ID WINNOW_EXIT_RECORD WINNOW_TTY=0
[ -t 1 ] && WINNOW_TTY=1

# The code in the record, if it is of this run; in the results folder, or beside us where that cannot be written.
recorded_code() {
  local file code
  for file in "$WINNOW_EXIT_RECORD" "$store/exit.json"; do
    code=$(sed -n '/"run":"'"$WINNOW_RUN_ID"'"/s/.*"code":\([0-9]*\).*/\1/p' "$file" 2>/dev/null)
    if [ -n "$code" ]; then echo "$code"; return 0; fi
  done
  return 1
}

# Is a coordinator at work there? By a listing: a network file system remembers for a minute that a name was absent, and an agent on this
# host would not find it either.
has_coordinator() {
  case $'\n'$(ls "$store" 2>/dev/null)$'\n' in *$'\ncoordinator.json\n'*) ;; *) return 1 ;; esac
}

# "PID" of the coordinator that holds the store, if it is on this host. $1: of this run only.
coordinator() {
  has_coordinator || return
  sed -n 's/.*"host":"'"$(hostname)"'","pid":\([0-9]*\),"run":"'"${1:-[0-9a-f]*}"'".*/\1/p' "$store/coordinator.json" 2>/dev/null
}

# When a process started: with its number, that names it for good. From what follows its name, which may hold anything.
began() {
  local text
  text=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -ra text <<<"${text##*) }"
  echo "${text[19]}"
}
export WINNOW_SUPERVISOR="$$.$(began $$)"

# Waits while the store is held by a run of this host whose supervisor is gone. What starts ranks can outlive the run, and is ended.
wait_for_orphan() {
  local name=$1 holder supervisor launcher= said= i
  while holder=$(coordinator) && [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; do
    supervisor=$(tr '\0' '\n' <"/proc/$holder/environ" 2>/dev/null | sed -n 's/^WINNOW_SUPERVISOR=//p')
    [ -n "$supervisor" ] && [ "$(began "${supervisor%.*}")" != "${supervisor#*.}" ] || return 0
    [ -n "$launcher" ] || launcher=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$holder/status" 2>/dev/null)
    [ -n "$said" ] || echo "launch/$name: the run in $store goes on without the launch/$name that started it; waiting for it (winnow status $store shows it, winnow cancel $store ends it)" >&2
    said=1
    sleep 0.5
  done
  [ -n "$said" ] || return 0
  for ((i = 0; i < 10; ++i)); do
    case $(cat "/proc/$launcher/comm" 2>/dev/null) in mpirun* | orterun*) sleep 0.5 ;; *) return 0 ;; esac
  done
  kill -KILL -- "-$launcher" 2>/dev/null                               # a daemon on a lost node is waited for without end
}

has_coordinator_of_this_run() { has_coordinator && grep -qs "\"run\":\"$WINNOW_RUN_ID\"" "$store/coordinator.json"; }

# Whether anything of this run has begun: a rank on this host, or the coordinator on another.
has_begun() {
  local pid
  has_coordinator_of_this_run && return 0
  for pid in $(cat "/proc/$launcher/task/$launcher/children" 2>/dev/null); do
    grep -qs OMPI_COMM_WORLD_RANK= "/proc/$pid/environ" && return 0
  done
  return 1
}

# The one of this run that was seen on this host: one that has lost every agent lets the store go, and mpirun may wait for a daemon that
# is lost, too.
coordinator_died() {
  local pid
  pid=$(coordinator "$WINNOW_RUN_ID")
  [ -z "$pid" ] || seen=$pid
  [ -n "$seen" ] && ! kill -0 "$seen" 2>/dev/null
}

# Of the coordinator itself where it is on this host: srun would send the signal to trainers, too, and those that do not expect it die.
ask_to_stop() {
  local pid
  pid=$(coordinator "$WINNOW_RUN_ID") && [ -n "$pid" ] && kill -USR1 "$pid" 2>/dev/null && return
  [ -z "$launcher" ] || kill -USR1 "$launcher" 2>/dev/null
}

# supervise NAME HOW WORDS...: NAME for messages; HOW: `kill` where the launcher takes its ranks with it when it is killed, so that one
# that hangs after its rank 0 has died can be ended, `wait` where they end by themselves. Does not return.
supervise() {
  local name=$1 how=$2
  shift 2
  wait_for_orphan "$name"
  folder=$(mktemp -d) || exit 1
  trap '[ "$BASHPID" = $$ ] && rm -rf "$folder"' EXIT     # a child of bash that is killed before it is another program runs it, too
  launcher= asked= told=1
  # In a process group of its own, so that Ctrl-C reaches the coordinator as a request and the launcher not at all: it would
  # kill its ranks a second later.
  # The trap sets a flag and no more: bash leaves a trap that runs within `read -t` half done when the time is over.
  trap 'asked=1 told=' INT TERM USR1 USR2
  local attempt status code began recorded looks=0 pause holder never i begun stuck seen patience=${WINNOW_START_SECONDS:-900}
  case $patience in "" | *[!0-9]* | 0) echo "launch/$name: WINNOW_START_SECONDS is '$patience': whole seconds, 1 or more" >&2; exit 2 ;; esac
  export WINNOW_START_SECONDS=$patience
  # A network file system remembers for a minute that a name is absent; what a name that is there leads to it asks at each look.
  [ ! -d "$store" ] || [ -e "$store/exit.json" ] || : 2>/dev/null >"$store/exit.json" || true
  mkfifo "$folder/never" && exec {never}<>"$folder/never" || exit 1       # nothing is ever written there
  for attempt in 0 1 2 3; do
    WINNOW_RUN_ID=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
    WINNOW_EXIT_RECORD=$folder/exit.$attempt.json
    began=$SECONDS recorded=0 begun='' stuck='' seen=''
    setsid "$@" </dev/null {never}>&- &
    launcher=$!
    # Neither `wait`, which returns when a trap has run, nor `wait -n`, which was seen to miss an end, but a look five times a second.
    while kill -0 "$launcher"; do
      read -rt 0.2 -u "$never"
      [ -n "$told" ] || { told=1; ask_to_stop; }
      [ $((looks = (looks + 1) % 5)) = 0 ] || continue
      if recorded_code >/dev/null; then
        [ $((recorded += 1)) -lt 5 ] || kill -KILL -- "-$launcher"           # a daemon on a lost node is waited for without end
      elif [ "$how" = kill ] && coordinator_died; then
        kill -KILL "$launcher"
      elif [ "$how" = kill ] && [ -z "$begun" ]; then
        if has_begun; then begun=1
        elif [ $((SECONDS - began)) -ge "$patience" ]; then stuck=1; kill -KILL -- "-$launcher"; fi     # it waits for a lost host without end
      fi
    done 2>/dev/null                                                     # bash tells of every process that it sees killed
    wait "$launcher" 2>/dev/null                                         # so it does here
    status=$?
    launcher=
    if code=$(recorded_code); then exit "$code"; fi
    [ -n "$asked" ] && exit 4
    if [ -n "$stuck" ]; then
      echo "launch/$name: no rank has started within $patience s (WINNOW_START_SECONDS): one of the hosts does not answer; finished stages are kept" >&2
      exit "${WINNOW_CRASH_CODE:-1}"
    fi
    if [ "$status" != 0 ] && [ "$status" -lt 128 ]; then
      if [ "$attempt" = 0 ] && [ $((SECONDS - began)) -lt 3 ]; then
        echo "launch/$name: $name could not start it (status $status)" >&2
        exit 1
      elif [ "$attempt" != 0 ] && ! has_coordinator_of_this_run; then
        echo "launch/$name: $name could not start it again (status $status)" >&2
        break                                                            # a node is gone since
      fi
    fi
    [ "$attempt" = 3 ] && break
    pause=$((1 << attempt))
    echo "launch/$name: it ended without an exit record, so it crashed; starting again in $pause s, finished stages are kept" >&2
    sleep "$pause"
    # When the launcher itself was killed its ranks end some seconds later. Two coordinators would not get along.
    for ((i = 0; i < 20; ++i)); do
      holder=$(coordinator) && [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null || break
      sleep 1
    done
  done
  echo "launch/$name: it crashed $((attempt + 1)) times; see the lines above" >&2
  exit "${WINNOW_CRASH_CODE:-1}"
}
