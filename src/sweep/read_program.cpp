#include "read_program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow::sweep {

namespace {

const std::vector<std::string> kRecipes = {"train", "detect-train"};
const std::vector<std::string> kTakes = {"class-names", "features", "weights", "detector-weights"};
const std::vector<std::string> kGives = {"predictions", "selection", "scores", "weights"};

bool can_be_started(const Path& file) {
  std::error_code absent;
  return std::filesystem::is_regular_file(file, absent) && ::access(file.c_str(), X_OK) == 0;
}

bool is_in_path(const std::string& word) {
  if (word.find('/') != std::string::npos) return can_be_started(word);
  const char* variable = std::getenv("PATH");
  std::string folders = variable ? variable : "/usr/bin:/bin";
  for (std::size_t start = 0; start <= folders.size();) {
    std::size_t end = std::min(folders.find(':', start), folders.size());
    if (end > start && can_be_started(Path(folders.substr(start, end - start)) / word)) return true;
    start = end + 1;
  }
  return false;
}

class Reading {
 public:
  Reading(const Preset& preset, const PresetTable& table, const Catalogue& catalogue)
      : table_(table), catalogue_(catalogue) {
    program_.folder = std::filesystem::absolute(preset.source).parent_path().lexically_normal();
  }

  MethodProgram all() {
    table_.only({"command", "files", "takes", "reads", "gives", "deterministic", "device", "memory"});
    for (const char* entry : {"command", "files"}) table_.require(entry);
    files();
    command();
    for (const std::string& word : table_.words("takes", kTakes)) program_.takes.insert(word);
    for (const std::string& word : table_.words("gives", kGives)) program_.gives.insert(word);
    if (!table_.has("gives")) program_.gives = {"predictions"};
    if (program_.gives.empty())
      throw UsageError(
          fmt::format("{}: gives: something of {}", table_.place("gives").text(), fmt::join(kGives, ", ")));
    keys();
    if (table_.has("deterministic")) program_.deterministic = table_.flag("deterministic");
    if (table_.has("device"))
      program_.wishes.device = program_devices().parse(table_.word("device", program_devices().all()));
    if (table_.has("memory"))
      program_.wishes.memory = placed(table_.place("memory"), [&] { return parse_memory(table_.text("memory")); });
    program_.fingerprint = placed(table_.place("files"), [&] {
                             try {
                               return program_.digest();
                             } catch (const DataError& error) {
                               throw UsageError(std::string("files: ") + error.what());
                             }
                           }).hex();
    return std::move(program_);
  }

 private:
  void files() {
    program_.files = table_.texts("files");
    if (program_.files.empty())
      throw UsageError(fmt::format("{}: files: name at least the one that is started", table_.place("files").text()));
    for (std::string& file : program_.files) {
      Path path = Path(file).lexically_normal();
      if (file.empty() || path.is_absolute() || *path.begin() == ".." || path.filename().empty())
        throw UsageError(fmt::format("{}: files: '{}': a program's files lie beside its preset, or below",
                                     table_.place("files").text(), printable(file)));
      file = path.string();
    }
    std::sort(program_.files.begin(), program_.files.end());
    if (auto twice = std::adjacent_find(program_.files.begin(), program_.files.end()); twice != program_.files.end())
      throw UsageError(fmt::format("{}: files: '{}' is there twice", table_.place("files").text(), printable(*twice)));
  }

  bool listed(const std::string& word) const {
    return std::find(program_.files.begin(), program_.files.end(), Path(word).lexically_normal().string()) !=
           program_.files.end();
  }

  void command() {
    program_.command = table_.texts("command");
    std::string place = table_.place("command").text();
    if (program_.command.empty()) throw UsageError(fmt::format("{}: command: name what is started", place));
    std::error_code absent;
    for (const std::string& word : program_.command)
      if (!word.empty() && !listed(word) && std::filesystem::is_regular_file(program_.folder / word, absent) &&
          !Path(word).is_absolute())
        throw UsageError(
            fmt::format("{}: command: {} lies beside the preset but is none of its files: add it to files, so that a "
                        "change of it is noticed",
                        place, printable(word)));
    const std::string& first = program_.command.front();
    bool there = listed(first) ? can_be_started(program_.folder / first) : is_in_path(first);
    if (!there)
      throw UsageError(fmt::format(
          "{}: command: '{}' is no program that can be started{}", place, printable(first),
          listed(first) ? ": make it executable (chmod +x), or start it by its interpreter: [\"python3\", ...]"
          : first.find('/') == std::string::npos ? ": there is none of that name in PATH"
                                                 : ""));
  }

  // Common keys that exist for the program; what they depend on must exist, too.
  void keys() {
    std::vector<std::string> common;
    for (const Key& key : catalogue_.common)
      if (!key.shared) common.push_back(key.key);
    for (const std::string& word : table_.words("reads", common)) program_.reads.insert(word);
    auto exists = [&](const std::string& name) {
      return program_.reads.count(name) != 0 || name == "model" ||
             std::any_of(catalogue_.common.begin(), catalogue_.common.end(),
                         [&](const Key& key) { return key.shared && key.key == name; });
    };
    for (const Key& key : catalogue_.common)
      if (program_.reads.count(key.key))
        for (const auto& [other, any] : key.when)
          if (!exists(other) && other != "model.family")
            throw UsageError(fmt::format("{}: reads: {} exists only where {} has certain values: read that, too",
                                         table_.place("reads").text(), key.key, other));
    for (const char* model : {"features", "weights"})
      if (program_.takes.count(model)) program_.reads.insert("model");
  }

  const PresetTable& table_;
  const Catalogue& catalogue_;
  MethodProgram program_;
};

}  // namespace

Method read_program_method(Preset preset, const PresetTable& table, const NamedParts& parts,
                           const Catalogue& catalogue) {
  table.only({"version", "recipe", "labels", "source", "system", "program", "stages", "keys", "profiles", "datasets"});
  PresetTable said(*table.find("program"), table.file(), "program");
  MethodProgram program = Reading(preset, said, catalogue).all();
  Method method = read_method(std::move(preset), table, parts);
  table.word("recipe", kRecipes);
  bool detects = method.recipe == "detect-train";
  if (detects && method.stages.count("detect") == 0)
    throw UsageError(
        fmt::format("{}: recipe = detect-train trains on what another method selected: name those that it may be, "
                    "[stages.detect] methods = [...]",
                    table.place("recipe").text()));
  if (!detects && !method.stages.empty())
    throw UsageError(
        fmt::format("{}: stages: the recipe {} has no earlier stage", table.place("stages").text(), method.recipe));
  if (detects && !program.gives.count("predictions"))
    throw UsageError(fmt::format("{}: recipe = detect-train ends with a training: gives must have predictions",
                                 table.place("recipe").text()));
  if (!detects && program.takes.count("detector-weights"))
    throw UsageError(fmt::format("{}: takes: detector-weights are those of the first stage of recipe = detect-train",
                                 said.place("takes").text()));
  if (detects) method.learner = method.name;
  std::vector<std::string> common;
  for (const Key& key : catalogue.common) common.push_back(key.key);
  for (const Key& key : method.keys)
    if (std::find(common.begin(), common.end(), key.key) != common.end())
      throw UsageError(fmt::format("{}: '{}' is a common key: name it in [program] reads",
                                   method.place("keys." + key.key), key.key));
  method.program = std::move(program);
  return method;
}

}  // namespace winnow::sweep
