#include "sweep_options.h"

#include "winnow/core/file.h"

namespace winnow::cmd {

void StoreOptions::add_to(CLI::App& app) {
  app.add_option("--store", store, "the folder of run files")->capture_default_str();
  app.add_option("--reference", references, "a further store that is only read; may be repeated");
}

std::vector<Path> StoreOptions::read_only() const {
  std::vector<Path> folders(references.begin(), references.end());
  Path committed = executable_folder() / ".." / ".." / "results" / "reference";
  if (folders.empty() && std::filesystem::is_directory(committed)) folders.push_back(std::filesystem::canonical(committed));
  return folders;
}

void SweepOptions::add_to(CLI::App& app) {
  app.add_option("SWEEP", file, "the sweep file")->required();
  app.add_option("--set", sets, "KEY=VALUE above all else, as TOML writes it; may be repeated")
      ->allow_extra_args(false);
}

sweep::Plan SweepOptions::plan() const { return sweep::Plan::read(file, sweep::Catalogue::on_this_machine(), sets); }

}  // namespace winnow::cmd
