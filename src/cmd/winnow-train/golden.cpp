// winnow-train golden DIR...: runs every golden case below the folders, strictly.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "arguments.h"
#include "as_gang.h"
#include "commands.h"
#include "golden/kinds.h"
#include "outcome.h"
#include "winnow/core/error.h"
#include "winnow/device/device.h"

namespace winnow::cmd {

namespace {

using winnow::golden::Case;

// Cases are NAME.json files that are not below snapshots/ or files/: those hold data that cases name.
std::vector<Path> find_cases(const std::vector<std::string>& folders) {
  std::vector<Path> found;
  for (const std::string& folder : folders) {
    if (!std::filesystem::is_directory(folder)) throw UsageError(fmt::format("{} is not a folder", folder));
    for (auto entry = std::filesystem::recursive_directory_iterator(folder);
         entry != std::filesystem::recursive_directory_iterator(); ++entry) {
      std::string name = entry->path().filename().string();
      if (entry->is_directory() && (name == "snapshots" || name == "files")) entry.disable_recursion_pending();
      if (entry->is_regular_file() && entry->path().extension() == ".json") found.push_back(entry->path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// "method/proden" or "method". A case is taken where each of --only and --list that is given takes it.
class Filter {
 public:
  Filter(const std::vector<std::string>& only, const std::string& list_file) : only_(only.begin(), only.end()) {
    if (list_file.empty()) return;
    std::istringstream lines(read_file(list_file));
    for (std::string line; std::getline(lines, line);) {
      line = line.substr(0, line.find('#'));  // # starts a comment
      line.erase(line.find_last_not_of(" \t\r") + 1);
      if (!line.empty()) listed_.insert(line);
    }
  }
  bool takes(const Case& c) { return takes(only_, c) && takes(listed_, c); }
  // What no case answers to; of a list only where it is not narrowed.
  std::vector<std::string> unused() const {
    std::vector<std::string> result;
    const std::set<std::string>& wanted = only_.empty() ? listed_ : only_;
    std::set_difference(wanted.begin(), wanted.end(), used_.begin(), used_.end(), std::back_inserter(result));
    return result;
  }

 private:
  bool takes(const std::set<std::string>& wanted, const Case& c) {
    if (wanted.empty()) return true;
    for (const std::string& key : {c.kind(), c.kind() + "/" + c.subject()})
      if (wanted.count(key)) return used_.insert(key), true;
    return false;
  }
  std::set<std::string> only_, listed_, used_;
};

void run_case(Case& c, const winnow::golden::Options& options) {
  if (c.kind() == "method") return winnow::golden::run_method(c, options);
  if (c.kind() == "loss") return winnow::golden::run_loss(c);
  if (c.kind() == "labels") return winnow::golden::run_labels(c);
  if (c.kind() == "selection") return winnow::golden::run_selection(c);
  if (c.kind() == "model") return winnow::golden::run_model(c);
  if (c.kind() == "peft") return winnow::golden::run_peft(c);
  if (c.kind() == "tokenizer") return winnow::golden::run_tokenizer(c);
  if (c.kind() == "metric") return winnow::golden::run_metric(c);
  if (c.kind() == "transform") return winnow::golden::run_transform(c);
  throw UsageError(fmt::format("unknown kind '{}'", c.kind()));
}

std::vector<std::string> verdict_of(Case& c, const winnow::golden::Options& options) {
  try {
    run_case(c, options);
    return c.verdict();
  } catch (const std::exception& error) {
    std::string text = error.what();
    return {text.substr(0, text.find('\n'))};
  }
}

int run_cases(const std::vector<std::string>& folders, Filter filter, const winnow::golden::Options& options) {
  bool speaks = options.gang->rank() == 0;
  std::size_t passed = 0, failed = 0, outside = 0;
  for (const Path& path : find_cases(folders)) {
    Case c(path, options.device);
    if (!filter.takes(c)) {
      ++outside;
      continue;
    }
    std::vector<std::string> faults = verdict_of(c, options);
    if (speaks)
      fmt::print("{:<52} {:8.1e}  abs {:g} rel {:g}  {}\n", c.name(), c.largest_error(), c.absolute(), c.relative(),
                 faults.empty() ? "ok" : fmt::format("{}", fmt::join(faults, "; ")));
    ++(faults.empty() ? passed : failed);
  }
  if (std::vector<std::string> unused = filter.unused(); !unused.empty())
    throw UsageError(fmt::format("no case is of {}", fmt::join(unused, ", ")));
  if (passed + failed == 0) throw UsageError(fmt::format("no case found below {}", fmt::join(folders, ", ")));
  if (speaks && outside) fmt::print("{} cases are outside the list\n", outside);
  if (speaks) fmt::print("{} passed, {} failed\n", passed, failed);
  return failed ? kSomeFailed : kDone;
}

}  // namespace

int golden(int argc, char** argv) {
  std::vector<std::string> folders, only;
  std::string list;
  winnow::golden::Options options;
  Command app("golden", "Runs every case below the folders and compares all that it expects. One line a case.",
              "  winnow-train golden tests/golden --only method/proden\n"
              "  winnow-train golden tests/golden --list tests/golden/required.txt\n"
              "  mpirun -n 4 winnow-train golden tests/golden --only method/proden          as a gang\n");
  app.add_option("DIR", folders, "folders with cases (NAME.json, NAME.safetensors)")->required();
  app.add_option("--only", only, "KIND or KIND/SUBJECT; may be repeated; narrows a list");
  app.add_option("--list", list, "a file of KIND/SUBJECT lines; cases outside it are counted, not run");
  app.add_option("--chunk", options.chunk,
                 "towers compute so many rows at once; method cases then also compare first gradients")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30));
  std::string device = "cpu";
  app.add_option("--device", device, "where what the cases try is computed")->capture_default_str();
  if (!parse(app, argc, argv)) return 0;

  return as_gang(device, [&](comm::Collective& gang, c10::Device place) {
    options.device = place;
    options.gang = &gang;
    return run_cases(folders, Filter(only, list), options);
  });
}

}  // namespace winnow::cmd
