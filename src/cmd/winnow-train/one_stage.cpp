#include "one_stage.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "winnow/core/error.h"

namespace winnow::cmd {

train::Context context_from_json(const Value& json) {
  train::Context context;
  try {
    auto paths = [&](const char* key) { return json.value(key, std::map<std::string, std::string>{}); };
    for (const auto& [name, path] : paths("data")) context.data[name] = path;
    for (const auto& [name, path] : paths("inputs")) context.inputs[name] = path;
    context.threads = json.value("threads", 1);
    context.checkpoint_every = json.value("checkpoint_every", 0.0);
    context.keep_pictures = json.value("keep_pictures", false);
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(fmt::format("context: {}", error.what()));
  }
  return context;
}

store::Written execute_and_write(const Stage& stage, const train::Context& context, const Path& output, comm::Collective& gang,
                                 train::Observer& observer) {
  train::Execution execution = train::execute(stage, context, gang, observer);
  return gang.rank() == 0 ? store::write_run_file(output, execution.content) : store::Written{};
}

std::int64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  long total = 0, resident = 0;
  if (file) {
    if (std::fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<std::int64_t>(resident) * ::sysconf(_SC_PAGESIZE);
}

}  // namespace winnow::cmd
