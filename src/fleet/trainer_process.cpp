#include "trainer_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "gang_launch.h"

namespace winnow::fleet {

namespace {

bool belongs_to_launcher(std::string_view entry) {
  for (std::string_view prefix :
       {"OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_", "SLURM_STEP", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID",
        "SLURM_TASK", "SLURM_GTIDS", "SLURM_SRUN_", "SLURM_LAUNCH_", "SLURM_NTASKS", "SLURM_NPROCS", "SLURM_MPI_"})
    if (entry.starts_with(prefix)) return true;
  return false;
}

// The mpirun of a gang would look for its nodes in what is left of Slurm's variables.
std::vector<std::string> environment(const TrainerCommand& command) {
  std::vector<std::string> result = ChildProcess::environment_without([&](std::string_view entry) {
    return entry.starts_with("OMP_NUM_THREADS=") || entry.starts_with("WINNOW_GANG=") || belongs_to_launcher(entry) ||
           (command.width > 1 && entry.starts_with("SLURM_")) ||
           std::any_of(command.variables.begin(), command.variables.end(),
                       [&](const auto& variable) { return entry.starts_with(variable.first + "="); });
  });
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
