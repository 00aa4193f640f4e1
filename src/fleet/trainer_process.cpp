#include "trainer_process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "gang_launch.h"

extern char** environ;

namespace winnow::fleet {

namespace {

bool begins_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool belongs_to_launcher(std::string_view entry) {
  for (std::string_view prefix :
       {"OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_", "SLURM_STEP", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID",
        "SLURM_TASK", "SLURM_GTIDS", "SLURM_SRUN_", "SLURM_LAUNCH_", "SLURM_NTASKS", "SLURM_NPROCS", "SLURM_MPI_"})
    if (begins_with(entry, prefix)) return true;
  return false;
}

// The mpirun of a gang would look for its nodes in what is left of Slurm's variables.
std::vector<std::string> environment(const TrainerCommand& command) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry)
    if (!begins_with(*entry, "OMP_NUM_THREADS=") && !begins_with(*entry, "WINNOW_GANG=") &&
        !belongs_to_launcher(*entry) && !(command.width > 1 && begins_with(*entry, "SLURM_")) &&
        std::none_of(command.variables.begin(), command.variables.end(),
                     [&](const auto& variable) { return begins_with(*entry, variable.first + "="); }))
      result.emplace_back(*entry);
  result.push_back(fmt::format("OMP_NUM_THREADS={}", command.threads));
  for (const auto& [name, value] : command.variables) result.push_back(name + "=" + value);
  return result;
}

}  // namespace

void TrainerCommand::use_gpus(const std::string& uuids, bool own_trainer) {
  variables.emplace_back("CUDA_VISIBLE_DEVICES", uuids);
  if (own_trainer) words.insert(words.end(), {"--device", "cuda"});
}

std::unique_ptr<ChildProcess> start_trainer(const TrainerCommand& command) {
  ChildProcess::Command started{"trainer", {}, environment(command)};
  if (command.width > 1) {
    auto gang = std::make_shared<GangFolder>();
    started.words = gang_launcher(command.width, gang->path());
    started.environment.push_back(gang_mark(gang->path()));
    started.also_kill = [gang] { kill_gang(gang->path()); };
  }
  started.words.insert(started.words.end(), command.words.begin(), command.words.end());
  return std::make_unique<ChildProcess>(std::move(started));
}

}  // namespace winnow::fleet
