// winnow: dispatches to one file per subcommand.
#include "commands.h"
#include "dispatch.h"

namespace {

using winnow::cmd::Entry;

// In the order in which one works with them.
constexpr Entry kCommands[] = {
    {"new", winnow::cmd::make_new, "files to start from: a method in Python, a preset, a sweep"},
    {"plan", winnow::cmd::plan, "what a sweep expands to: experiments, stages, what is done", true},
    {"try", winnow::cmd::try_out,
     "a few steps of each kind of stage, before hours are spent: what fails, how long it takes"},
    {"simulate", winnow::cmd::simulate_run,
     "a run in virtual time: how long it would take on which cluster, and what failures would cost", true},
    {"run", winnow::cmd::run, "executes what is not done yet, alone or under mpirun"},
    {"status", winnow::cmd::status, "how a run stands now; --watch follows it", true},
    {"add", winnow::cmd::add, "has a run that goes on compute a further sweep, or one that was edited"},
    {"cancel", winnow::cmd::cancel, "ends a run that goes on, or one of its sweeps, from any host"},
    {"retry", winnow::cmd::retry, "has a run that goes on try its failed stages again"},
    {"report", winnow::cmd::report, "the benchmark table, from the run files that are there", true},
    {"pack", winnow::cmd::pack, "gathers the numbers of all runs into one file, for fast reports"},
    {"fsck", winnow::cmd::fsck, "verifies every run file, sets damaged ones aside"},
    {"store", winnow::cmd::store, "what lies in a store and whose it is; removing what no sweep plans any more", true},
    {"show", winnow::cmd::show, "a run file, or the state of every experiment", true},
    {"data", winnow::cmd::data, "data sets on this machine: list, check", true},
    {"method", winnow::cmd::method, "methods that a sweep may name: list, show", true},
    {"model", winnow::cmd::model, "models and their weights on this machine: list, check", true},
    {"cache", winnow::cmd::cache, "the cache folder: what is in it, removing what is no longer needed", true},
    {"doctor", winnow::cmd::doctor, "is everything here that a sweep needs?", true},
};

constexpr std::string_view kIntroduction = R"(winnow runs benchmarks of learning from imperfect labels.

One TOML file (a sweep) asks a question and names the experiments that answer it; winnow runs them on the GPUs or CPUs of
one machine or a cluster and prints the table.)";

constexpr std::string_view kExample = R"(Example, on a machine without a GPU:
  winnow data check fashion-mnist        once per machine
  winnow plan sweeps/quickstart.toml     what would run, what is already done
  launch/mpirun -n 2 winnow run sweeps/quickstart.toml
  winnow report sweeps/quickstart.toml

sweeps/ holds sweep files to start from.)";

}  // namespace

int main(int argc, char** argv) {
  return winnow::cmd::dispatch("winnow", kCommands, kIntroduction, kExample, argc, argv);
}
