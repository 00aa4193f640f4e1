#include "trainer_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "gang_launch.h"

namespace winnow::fleet {

namespace {

bool belongs_to_launcher(std::string_view entry) {
  // How processes of several nodes reach each other, where a site must say that.
  for (std::string_view network : {"OMPI_MCA_btl_tcp_if_", "OMPI_MCA_oob_tcp_if_"})
    if (entry.starts_with(network)) return false;
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

ChildProcess::Command trainer_in(std::vector<std::string> environment) {
  ChildProcess::Command result{"trainer", {}, std::move(environment)};
  result.expendable = true;  // without the agent none would be left
  return result;
}

// Its processes are found again, wherever they are.
ChildProcess::Command marked(const TrainerCommand& command, std::shared_ptr<GangFolder> gang) {
  ChildProcess::Command started = trainer_in(environment(command));
  started.environment.push_back(gang_mark(gang->path()));
  started.also_kill = [gang] { kill_gang(gang->path()); };
  return started;
}

}  // namespace

void TrainerCommand::use_gpus(const std::string& uuids, bool own_trainer) {
  variables.emplace_back("CUDA_VISIBLE_DEVICES", uuids);
  if (own_trainer) words.insert(words.end(), {"--device", "cuda"});
}

std::unique_ptr<ChildProcess> start_trainer(const TrainerCommand& command) {
  ChildProcess::Command started = trainer_in(environment(command));
  if (command.width > 1) {
    auto gang = std::make_shared<GangFolder>();
    started = marked(command, gang);
    started.words = gang_launcher(command.width, gang->path());
  }
  started.words.insert(started.words.end(), command.words.begin(), command.words.end());
  return std::make_unique<ChildProcess>(std::move(started));
}

CallingGang start_gang(const TrainerCommand& command) {
  auto gang = std::make_shared<GangFolder>();
  CallingGang result{nullptr, std::make_unique<GangCalls>(gang->path()), gang->path()};
  ChildProcess::Command started = marked(command, gang);
  started.words = gang_launcher(command.parts, gang->path());
  started.words.insert(started.words.end(), command.words.begin(), command.words.end());
  result.process = std::make_unique<ChildProcess>(std::move(started));
  return result;
}

std::unique_ptr<ChildProcess> start_part(const TrainerCommand& command, const std::string& call, const Path& folder) {
  auto gang = std::make_shared<GangFolder>();
  ChildProcess::Command started = marked(command, gang);
  started.words = {"sh", "-c", in_folder(call, folder, gang->path())};
  started.lines_on = 3;  // what it prints is its log
  return std::make_unique<ChildProcess>(std::move(started));
}

}  // namespace winnow::fleet
