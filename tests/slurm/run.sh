#!/usr/bin/env bash
# A study of four scenarios in 8 parts under a real Slurm, with faults, against the same study in
# one process: tables, networks and predictions must be the same to the byte.
#
#     cargo build --release && tests/slurm/run.sh [FOLDER]
#
# Slurm and munge are installed where root may (Debian, Ubuntu), and run in FOLDER with four nodes
# on this machine. Where they cannot run, the parts run as processes, which is said aloud.
set -euo pipefail
cd "$(dirname "$0")/../.."
shoal=${SHOAL:-$PWD/target/release/shoal}
here=$PWD/tests/slurm
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
cp "$here/study.toml" "$work"
cd "$work"
export SLURM_CONF=$work/slurm.conf
daemons=()
stop() { for one in "${daemons[@]}"; do kill "$one" 2>/dev/null || true; done; }
trap stop EXIT

say() { printf '%6s s  %s\n' "$((SECONDS))" "$*"; }

install() {
    command -v slurmctld >/dev/null && command -v munged >/dev/null && return
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "installing slurm-wlm and munge"
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            slurm-wlm munge >install.log 2>&1
}

start() { # NAME COMMAND...: a daemon in the foreground of its own process
    local name=$1
    shift
    "$@" >"$name.out" 2>&1 &
    daemons+=($!)
}

# Four nodes of one machine, which need neither cgroups nor a database.
slurm() {
    [ "$(id -u)" = 0 ] || { say "SKIPPED Slurm: only root can start its daemons"; return 1; }
    install || { say "SKIPPED Slurm: it is not here and cannot be installed"; return 1; }
    mkdir -p state spool
    [ -e munge.key ] || (umask 077 && head -c 1024 /dev/urandom >munge.key)
    start munged munged --foreground --force --key-file "$work/munge.key" \
        --socket "$work/munge.socket" --pid-file "$work/munged.pid" \
        --log-file "$work/munged.log" --seed-file "$work/munged.seed"
    cat >slurm.conf <<END
ClusterName=test
SlurmctldHost=$(hostname -s)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CryptoType=crypto/munge
SlurmctldPort=16817
StateSaveLocation=$work/state
SlurmctldPidFile=$work/slurmctld.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdSpoolDir=$work/spool/%n
SlurmdPidFile=$work/%n.pid
SlurmdLogFile=$work/%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
ReturnToService=2
SlurmdTimeout=20
KillWait=10
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,requeue_delay=0
NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=17001 CPUs=1 RealMemory=1000
NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=17002 CPUs=1 RealMemory=1000
NodeName=n3 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=17003 CPUs=1 RealMemory=1000
NodeName=n4 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=17004 CPUs=1 RealMemory=1000
PartitionName=all Nodes=n[1-4] Default=YES State=UP OverSubscribe=NO
END
    sleep 1
    start slurmctld slurmctld -D
    for node in n1 n2 n3 n4; do
        mkdir -p "spool/$node"
        start "$node" slurmd -D -N "$node"
    done
    for _ in $(seq 30); do
        [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 4 ] && return 0
        sleep 1
    done
    say "SKIPPED Slurm: its daemons do not come up here:"
    tail -n 3 munged.log slurmctld.log n1.log ./*.out 2>/dev/null || true
    return 1
}

# A running job of the array of groups: its identifier and task, of one that no fault has hit yet.
victim() {
    squeue -h -t running -n shoal-groups -o '%A %K' | while read -r job task; do
        case " $hit " in *" $task "*) continue ;; esac
        [ -e "out/parts/$task-8" ] && echo "$job $task" && break
    done
}

fault() { # WHAT FUNCTION: for a job that has finished a run and not all of them
    local job task
    while :; do
        read -r job task <<<"$(victim)" || true
        [ -n "${task:-}" ] && grep -qs shoal:trial "out/parts/$task-8"/*/journal.log && break
        [ -n "$(squeue -h -n shoal-groups)" ] || { say "no job is left for: $1"; exit 1; }
        sleep 0.2
    done
    hit+=" $task"
    say "$1: part $task/8, job $job"
    "$2" "$job" "$task"
}

kill_process() { pkill -KILL -f -- "study $work/study.toml -o $work/out --part $2/8 " || true; }
requeue() { scontrol requeue "$1"; }
# in the background: scancel tries again and again after the job is queued anew
near_limit() { scancel --signal=USR1 --batch "$1" 2>/dev/null & }
drain() {
    local node
    node=$(squeue -h -j "$1" -o %N)
    scontrol update nodename="$node" state=drain reason=test
    drained=$node
}
fail_node() {
    local node
    node=$(squeue -h -j "$1" -o %N)
    scontrol update nodename="$node" state=down reason=test
    sleep 3
    # unless its daemon has brought it back already
    scontrol update nodename="$node" state=resume 2>/dev/null || true
}

under_slurm() {
    hit="" drained=""
    "$shoal" submit slurm study.toml -o out --nodes 8 --time 0:30:00
    fault "its process is killed" kill_process
    fault "it is requeued" requeue
    fault "its node is drained" drain
    fault "its time limit is near" near_limit
    fault "its node fails" fail_node
    while [ -n "$(squeue -h)" ]; do
        if squeue -h -o %r | grep -q DependencyNeverSatisfied; then
            say "a job failed"
            tail -n 5 out/jobs/*.log
            exit 1
        fi
        sleep 1
    done
    [ "$(squeue -h -t running -w "$drained" -o %i | wc -l)" = 0 ]
    say "$(sbatch --version): $(grep -cE '(Allocate|Started) JobId=2_' slurmctld.log) starts of 8 parts"
}

as_processes() {
    say "the parts run as processes, two at a time, one of them killed and run again"
    "$shoal" study study.toml -o out --part pretraining --device cpu 2>/dev/null
    "$shoal" study study.toml -o out --part 3/8 --device cpu 2>/dev/null &
    sleep 8
    kill -KILL $! && wait $! || true
    seq 8 | xargs -P 2 -I N "$shoal" study study.toml -o out --part N/8 --device cpu 2>/dev/null
    "$shoal" merge out --device cpu
}

say "one process"
"$shoal" study study.toml -o one --device cpu >one.log 2>&1
say "parts"
if slurm; then under_slurm; else as_processes; fi
say "comparing"
same=0
while read -r file; do
    cmp "one/$file" "out/$file" || exit 1
    same=$((same + 1))
done < <(cd one && find . -type f ! -name 'journal.log*' ! -name study.json ! -name report.html)
[ "$same" -gt 100 ]
for scenario in neutrinos modified-gravity equilateral local; do
    lines() { sed -E 's/"(study_id|trial_id)":[0-9]+,?//; s/"datetime_[a-z]+":"[^"]*",?//' "$1" | sort; }
    cmp <(lines "one/$scenario/journal.log") <(lines "out/$scenario/journal.log")
done
say "the same: $same files to the byte, and the lines of four journals"
