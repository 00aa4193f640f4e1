#include "living_program.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "winnow/core/error.h"
#include "winnow/core/printable.h"
#include "winnow/stage/program_protocol.h"
#include "winnow/train/programs.h"

namespace winnow::train {

namespace {

constexpr std::chrono::seconds kStart{120};
constexpr std::chrono::milliseconds kBetween{200}, kEnd{2000};

// The files that it is made of, and nothing else, under their content: what the preset's folder holds beside them, or
// becomes later, the program never sees. Made once for all trainers of this machine.
Path private_copy(const Program& program, const std::string& fingerprint) {
  Path copy = cache_folder() / "programs" / fingerprint;
  auto sound = [&] {
    try {
      return Program{program.command, program.files, copy}.digest().hex() == fingerprint;
    } catch (const DataError&) {
      return false;
    }
  };
  if (sound()) return copy;
  std::error_code stays;
  std::filesystem::remove_all(copy, stays);
  make_folders(copy.parent_path());
  Path part = temporary_beside(copy);
  program.copy_files(part);
  if (!rename_without_replacing(part, copy)) std::filesystem::remove_all(part, stays);  // another trainer's is as good
  if (!sound())
    throw DataError(
        fmt::format("the files of the program in {} are not those that the sweep was planned with: run it again",
                    program.folder.string()));
  return copy;
}

// winnow's own package for Python, where it lies beside this program.
std::vector<std::string> environment(int threads, bool sees_gpu) {
  std::vector<std::string> result = ChildProcess::environment_without([&](std::string_view entry) {
    return entry.starts_with("PYTHONPATH=") || entry.starts_with("OMP_NUM_THREADS=") ||
           entry.starts_with("PYTHONDONTWRITEBYTECODE=") || (!sees_gpu && entry.starts_with("CUDA_VISIBLE_DEVICES="));
  });
  if (!sees_gpu) result.push_back("CUDA_VISIBLE_DEVICES=");
  const char* given = std::getenv("PYTHONPATH");
  std::string path = given ? given : "";
  std::error_code absent;
  if (Path own = std::filesystem::canonical(executable_folder() / "../../python", absent); !absent)
    path = own.string() + (path.empty() ? "" : ":" + path);
  if (!path.empty()) result.push_back("PYTHONPATH=" + path);
  result.push_back("PYTHONDONTWRITEBYTECODE=1");  // its folder is shared, and stays as it is
  result.push_back(fmt::format("OMP_NUM_THREADS={}", threads));
  return result;
}

ChildProcess::Command command_of(const Program& program, const Path& copy, int threads, bool sees_gpu) {
  ChildProcess::Command command{"program", program.command, environment(threads, sees_gpu), copy};
  for (std::string& word : command.words)
    if (std::find(program.files.begin(), program.files.end(), Path(word).lexically_normal().string()) !=
        program.files.end())
      word = (copy / word).string();
  command.own_group = false;  // whoever ends this trainer ends it, too
  command.lines_on = protocol::kProgramEvents;
  command.echo_log = true;
  return command;
}

}  // namespace

LivingProgram::LivingProgram(const Program& program, const std::string& fingerprint, int threads, bool sees_gpu,
                             const std::function<void()>& between)
    : fingerprint_(fingerprint), threads_(threads), sees_gpu_(sees_gpu),
      process_(
          std::make_unique<ChildProcess>(command_of(program, private_copy(program, fingerprint), threads, sees_gpu))) {
  auto start = std::chrono::steady_clock::now();
  std::optional<Value> ready;
  auto heard = [&] {
    try {
      return next(kBetween);
    } catch (const DeviceError& error) {  // it will not begin the next time, either
      throw UsageError(error.what());
    }
  };
  while (!(ready = heard())) {
    between();
    if (std::chrono::steady_clock::now() - start > kStart)
      throw UsageError(fmt::format("the program is not ready after {} s: its first line must be the event 'ready'{}",
                                   kStart.count(), last_words()));
  }
  if (ready->at("event") != "ready")
    throw UsageError(fmt::format("the program's first event is '{}', not 'ready'",
                                 printable(ready->at("event").get<std::string>())));
  auto said = ready->find("protocol");
  if (said == ready->end() || !said->is_number_integer() || *said != protocol::kProgramVersion)
    throw UsageError(fmt::format("the program speaks version {} of the protocol, this winnow {}: docs/programs.md",
                                 said == ready->end() ? "none" : said->dump(), protocol::kProgramVersion));
}

LivingProgram::~LivingProgram() {
  if (!lives_) return;
  process_->send(protocol::line_of(protocol::Order::quit));
  process_->close_input();
  auto start = std::chrono::steady_clock::now();
  while (!process_->reap() && std::chrono::steady_clock::now() - start < kEnd) {
    process_->lines();
    process_->listen_to_errors();
    process_->flush();
    ::usleep(10'000);
  }
}

void LivingProgram::send(const Value& order) {
  process_->send(order.dump(-1, ' ', false, Value::error_handler_t::replace));
}

// The last line of its log that says something: of a Python program, what was raised.
std::string LivingProgram::last_words() const {
  std::string text = process_->last_lines();
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  text = text.substr(text.rfind('\n') + 1);
  return text.empty() ? "" : "; its last words: " + printable(text);
}

std::optional<Value> LivingProgram::next(std::chrono::milliseconds wait) {
  auto end = std::chrono::steady_clock::now() + wait;
  while (heard_.empty()) {
    for (std::string& line : process_->lines()) heard_.insert(heard_.begin(), std::move(line));
    process_->listen_to_errors();
    if (process_->unsent()) process_->flush();
    if (!heard_.empty()) break;
    if (!process_->fault().empty()) {
      this->end();
      throw UsageError("the program was ended: " + process_->fault());
    }
    if (process_->reap()) {
      for (std::string& line : process_->lines()) heard_.insert(heard_.begin(), std::move(line));
      process_->listen_to_errors();
      lives_ = false;
      if (!heard_.empty()) break;
    }
    if (!lives_) throw DeviceError(fmt::format("the program {}{}", process_->ending(), last_words()));
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd ready[] = {
        {process_->output(), POLLIN, 0}, {process_->errors(), POLLIN, 0}, {process_->input(), POLLOUT, 0}};
    ::poll(ready, process_->unsent() ? 3 : 2, static_cast<int>(std::min<std::int64_t>(left.count(), 200)));
  }
  std::string line = std::move(heard_.back());
  heard_.pop_back();
  Value event = Value::parse(line, nullptr, false);
  if (!event.is_object() || !event.contains("event") || !event["event"].is_string()) {
    this->end();
    throw UsageError(fmt::format("the program wrote a line that is no event: '{}'", printable(line.substr(0, 80))));
  }
  return event;
}

void LivingProgram::end() {
  process_->kill();
  while (!process_->reap()) ::usleep(1000);
  lives_ = false;
}

Programs::Programs() = default;
Programs::~Programs() = default;

}  // namespace winnow::train
