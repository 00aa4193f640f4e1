#include "winnow/stage/program.h"

#include "winnow/core/error.h"

namespace winnow {

Hash128 Program::digest() const {
  Value said = {{"command", command}, {"files", Value::object()}};
  for (const std::string& file : files) said["files"][file] = hash_of(read_file(folder / file)).hex();
  return hash_of(said.dump(-1, ' ', false, Value::error_handler_t::replace));
}

void Program::copy_files(const Path& to) const {
  for (const std::string& file : files) {
    make_folders((to / file).parent_path());
    write_file_atomically(to / file, read_file(folder / file));
    std::error_code stays;  // one that cannot be started says so when it is started
    std::filesystem::permissions(to / file, std::filesystem::status(folder / file, stays).permissions(), stays);
  }
}

Value to_json(const Program& program) {
  return {{"command", program.command}, {"files", program.files}, {"folder", program.folder.string()}};
}

Program program_from_json(const Value& json) {
  try {
    return {json.at("command").get<std::vector<std::string>>(), json.at("files").get<std::vector<std::string>>(),
            json.at("folder").get<std::string>()};
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(std::string("program: ") + error.what());
  }
}

}  // namespace winnow
