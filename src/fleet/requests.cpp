#include "winnow/fleet/requests.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "further_sweep_json.h"
#include "lease.h"
#include "own_folders.h"
#include "recall.h"
#include "request_files.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRequest = ".request", kAnswer = ".answer";
constexpr std::size_t kLargest = 1 << 20;  // bytes of a request: many identities fit in

constexpr Words<Request::Kind>::Entry kKindWords[] = {
    {Request::Kind::cancel, "cancel"}, {Request::Kind::retry, "retry"}, {Request::Kind::add, "add"}};
constexpr Words<Request::Kind> kKinds("request", kKindWords);

Path folder_of(const Path& store) { return store / "requests"; }

// A request, an answer, or what a writer of one left behind when it died.
bool is_own(const Path& name) {
  std::string text = name.string();
  if (text.starts_with('.') && text.ends_with(".part"))
    return text.find(std::string(kRequest) + '.') != text.npos || text.find(std::string(kAnswer) + '.') != text.npos;
  return name.extension() == kRequest || name.extension() == kAnswer;
}

Request parse(const std::string& text) {
  const Value said = Value::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!said.is_object() || !said.contains("request") || !said["request"].is_string())
    throw UsageError("it is no request of winnow's");
  Request request{kKinds.parse(said["request"].get<std::string>()), "", {}};
  if (auto sweep = said.find("sweep"); sweep != said.end() && sweep->is_string()) request.sweep = *sweep;
  request.stages = texts_in(said, "stages");
  if (request.kind == Request::Kind::add) request.further = further_sweep_of(said);
  if (request.kind == Request::Kind::add && request.further.file.empty())
    throw UsageError("it is no request of winnow's");
  return request;
}

}  // namespace

// Without the lease: another coordinator may be writing there.
bool has_further(const Path& store) { return !Recall(store, Journal::Tail::keep).further().empty(); }

Asked::Asked(const Path& store, const Request& request) : store_(store) {
  if (!StoreLease::held(store))
    throw UsageError(
        fmt::format("no run works on {}: `winnow run SWEEP --store {}` computes what is not done, failed stages too",
                    store.string(), store.string()));
  require_own_folders(store);
  static std::atomic<unsigned> number = 0;
  std::string name = fmt::format("{:.6f}.{}.{}.{}", wall_seconds(), host_name(), ::getpid(), number++);
  make_folders(folder_of(store));
  request_ = folder_of(store) / (name + std::string(kRequest));
  answer_ = folder_of(store) / (name + std::string(kAnswer));
  // Its answer takes the place of an empty file: a network file system remembers for a minute that a name was absent,
  // and what a name that is there leads to it asks at each open.
  write_file_atomically(answer_, "");
  Value text = {{"request", kKinds.name(request.kind)}, {"sweep", request.sweep}, {"stages", request.stages}};
  if (request.kind == Request::Kind::add) text.update(to_json(request.further));
  write_file_atomically(request_, text.dump(-1, ' ', false, Value::error_handler_t::replace) + "\n");
}

Asked::~Asked() {
  std::error_code ignored;
  fs::remove(request_, ignored);
  fs::remove(answer_, ignored);
}

std::optional<Asked::Answer> Asked::answer() {
  std::error_code none;
  if (!fs::exists(answer_, none)) return std::nullopt;  // another run has begun: it removed what was asked before
  const Value said = Value::parse(read_file(answer_), nullptr, /*allow_exceptions=*/false);
  if (!said.is_object()) return std::nullopt;
  return Answer{said.value("refused", false), said.value("text", "")};
}

bool Asked::run_lives() const { return StoreLease::held(store_); }

RequestFiles::RequestFiles(const Path& store) : folder_(folder_of(store)) {
  require_own_folders(store);
  std::error_code ignored;  // the folder itself stays: other nodes may know it
  for (const auto& entry : fs::directory_iterator(folder_, ignored))
    if (is_own(entry.path().filename()) && fs::is_regular_file(entry.symlink_status(ignored)))
      fs::remove(entry.path(), ignored);
}

void RequestFiles::answer(
    const std::function<std::optional<std::string>(const std::string&, const Request&)>& carry_out) {
  std::error_code none;
  if (fs::is_symlink(fs::symlink_status(folder_, none))) return;  // since the run began: nothing outside is touched
  std::vector<Path> found;
  for (const auto& entry : fs::directory_iterator(folder_, none))
    if (entry.path().extension() == kRequest) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  for (const Path& file : found) {
    Value answer = {{"refused", false}, {"text", ""}};
    try {
      if (!fs::is_regular_file(fs::symlink_status(file)) || fs::file_size(file) > kLargest)
        throw UsageError("it is no request of winnow's");
      std::optional<std::string> text = carry_out(file.stem().string(), parse(read_file(file)));
      if (!text) continue;
      answer["text"] = *text;
    } catch (const UsageError& error) {
      answer = {{"refused", true}, {"text", error.what()}};
    } catch (const fs::filesystem_error&) {  // taken back meanwhile
      continue;
    } catch (const DataError&) {
      continue;
    }
    try {
      write_file_atomically(Path(file).replace_extension(kAnswer),
                            answer.dump(-1, ' ', false, Value::error_handler_t::replace) + "\n");
    } catch (const DeviceError&) {  // full: who asked is not answered
    }
    fs::remove(file, none);  // or it would be carried out again
  }
}

}  // namespace winnow::fleet
