// Runs stages on one machine or many: a coordinator, one agent a node, trainers. src/fleet/README.md describes the
// protocols.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "winnow/core/cuda_needs.h"
#include "winnow/core/file.h"
#include "winnow/core/words.h"
#include "winnow/fleet/observer.h"
#include "winnow/fleet/work.h"
#include "winnow/sched/timers.h"

namespace winnow::fleet {

// The same on every rank: all parse the same command line.
struct Options {
  Path store;
  std::vector<Path> references;
  std::vector<std::string> trainer;       // program and arguments
  bool own_trainer = false;               // it is winnow-train: it is told its device
  Path cuda_module = cuda_module_file();  // without it our own trainer computes on no GPU
  // Where an agent's trainers compute: on GPUs where the driver finds some, and else on CPUs; on either alone.
  enum class Devices : std::uint8_t { automatic, cpu, cuda };
  Devices devices = Devices::automatic;
  std::uint32_t trainers = 0;       // for each agent; 0: on CPUs 1, on GPUs `per_gpu` for each
  std::uint32_t per_gpu = 1;        // trainers that share a GPU
  bool busy_gpus = false;           // take GPUs on which other processes compute, too
  bool small_gpus = false;          // take GPUs with less memory than stages like these have held of one
  bool mixed_devices = false;       // some nodes may compute on CPUs while others have GPUs
  int threads = 1;                  // for each trainer, and for each process of a gang
  int loaders = -1;                 // the same: threads that make images ahead of the step; -1: the trainer decides
  std::int64_t device_images = -1;  // the same: bytes of images that may stay on a device; -1: the trainer decides
  double checkpoint_every = 60;     // seconds; 0: only when a stage is stopped
  std::optional<double> deadline;   // seconds since 1970: what runs then has saved its place, and the run has ended
  bool keep_images = false;         // trainers keep decoded images in the machine's cache
  std::int64_t keep_features = 0;   // bytes of each machine's cache for features of frozen towers
  sched::Policy policy;
  sched::Timers timers;
};

const Words<Options::Devices>& devices();  // auto, cpu, cuda

// Which process of an mpirun this is; rank 0 of 1 without one.
struct World {
  int rank = 0, size = 1;
  bool mpi = false;
  static World from_environment();
};

// Of one sweep: how its stages ended. What it needs no more counts as done; what is left to other runs counts nowhere.
struct SweepCounts {
  std::string name;
  std::size_t stages = 0, done = 0, failed = 0, blocked = 0, open = 0, withdrawn = 0;
  bool replaced = false;  // Wanted::replaced: what it counted then says nothing
  bool complete() const { return done == stages; }
};

struct Outcome {
  sched::Scheduler::Counts counts;
  bool drained = false;        // stopped on request before everything was done
  bool cancelled = false;      // the same by `winnow cancel`: it is not to go on by itself
  bool late = false;           // the same because of its deadline
  std::string abandoned = {};  // why it cannot go on, where agents were lost; no finished stage is: start again
  std::vector<SweepCounts> sweeps = {};
  std::vector<sched::StageId> missing = {};  // reported as done, and there is no run file
};

// Rank 0. Life: constructed first, then perhaps coordinate(), then leave(), whatever happened in between: other ranks
// wait for it. Without mpirun everything is the same with one agent.
class Fleet {
 public:
  Fleet(const Options&, const World&);
  ~Fleet();

  // Takes the store's lease, starts the agents, runs the work, ends the agents. Throws UsageError when another
  // coordinator holds the store or an agent sees another store.
  Outcome coordinate(const Work&, Observer&);

  // Lets the other ranks go and ends MPI. Does not return when a rank was lost: then MPI has no orderly end, and the
  // exit record is the truth.
  void leave(int code);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What this machine's agent of a run with these options would have: slots, and how many GPUs they are on. UsageError
// where it would refuse.
struct Room {
  std::uint32_t slots = 1, gpus = 0;
  bool partitioned = false;  // the GPUs are instances (MIG), of which a process sees one: no gang can have them
  std::string first_gpu;     // its UUID
  int capability = 0;        // the least compute capability of the GPUs: 75 for 7.5; 0: not known
};
Room room_here(const Options&);

// Any other rank: serves until the coordinator ends it.
void serve(const Options&, const World&);

}  // namespace winnow::fleet
