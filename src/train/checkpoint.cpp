#include "checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <sstream>

#include "tensor_file.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/revision.h"
#include "winnow/core/safetensors.h"
#include "winnow/device/device.h"
#include "winnow/model/snapshot.h"

namespace winnow::train {

namespace {

// Over names, types, shapes, bytes and the description: every flipped byte is found.
std::string digest_of(const std::map<std::string, SafeTensor>& tensors,
                      const std::map<std::string, std::string>& description) {
  Hasher hasher;
  for (const auto& [key, value] : description)
    if (key != "digest") hasher.add(fmt::format("{}={};", key, value));
  for (const auto& [name, tensor] : tensors)
    hasher.add(fmt::format("{}:{}[{}]", name, tensor.dtype, fmt::join(tensor.shape, ","))).add(tensor.bytes);
  return hasher.digest().hex();
}

std::int64_t number(const std::map<std::string, std::string>& description, const std::string& key) {
  std::int64_t value = -1;
  if (auto found = description.find(key); found != description.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  return value;
}

std::vector<std::int64_t> numbers(const std::map<std::string, std::string>& description, const std::string& key) {
  std::vector<std::int64_t> result;
  std::istringstream words(description.at(key));
  for (std::int64_t value = 0; words >> value;) result.push_back(value);
  return result;
}

}  // namespace

Checkpoint::Checkpoint(const Stage& stage, const Context& context, comm::Collective& collective, Observer& observer)
    : identity_(stage.identity()), threads_(context.threads), device_(device::kind_of(context.device)),
      chunk_(context.chunk), every_(context.checkpoint_every), last_(std::chrono::steady_clock::now()),
      collective_(collective), observer_(observer) {
  if (!context.checkpoint.empty()) file_ = context.checkpoint / "state.safetensors";
}

bool Checkpoint::due() const {
  return kept() && every_.count() > 0 && std::chrono::steady_clock::now() - last_ >= every_;
}

std::map<std::string, std::string> Checkpoint::description() const {
  return {{"identity", identity_.hex()},
          {"revision", std::string(revision())},
          {"width", std::to_string(collective_.size())},
          {"threads", std::to_string(threads_)},
          {"device", device_}};
}

std::optional<std::string> Checkpoint::fault_of_file() const {
  SafeTensors found(file_);
  for (const auto& [key, wanted] : description()) {
    auto own = found.metadata().find(key);
    if (key == "revision" && own == found.metadata().end())
      return "it was written by winnow-train of an unknown revision, before checkpoints said theirs";
    if (own == found.metadata().end()) return fmt::format("it does not say its {}", key);
    if (key == "revision" && own->second != wanted)
      return fmt::format(
          "it was written by winnow-train of revision {}, this is {}, and other code may resume from it to another "
          "result",
          own->second, wanted);
    if (own->second != wanted) return fmt::format("it is of {} {}, this is {}", key, own->second, wanted);
  }
  if (!found.metadata().count("chunks") || numbers(found.metadata(), "chunks").empty())
    return "it does not say in which pieces it was computed";
  auto digest = found.metadata().find("digest");
  if (digest == found.metadata().end() || digest->second != digest_of(found.tensors(), found.metadata()))
    return "it is damaged: its digest does not match";
  for (const auto& [name, tensor] : found.tensors()) try {
      model::scalar_type(tensor.dtype);
    } catch (const DataError& error) {
      return fmt::format("'{}': {}", name, error.what());
    }
  return std::nullopt;
}

void Checkpoint::refuse(const std::string& why) {
  earlier_chunks_.clear();
  if (collective_.rank() == 0) observer_.note(fmt::format("{}: {}; the stage starts over", file_.string(), why));
}

// Every process maps the file itself; process 0 decides whether it is of use.
std::optional<Checkpoint::Saved> Checkpoint::read() {
  bool usable = false;
  if (collective_.rank() == 0 && kept() && std::filesystem::exists(file_)) try {
      std::optional<std::string> fault = fault_of_file();
      usable = !fault;
      if (fault) refuse(*fault);
    } catch (const Error& error) {
      observer_.note(fmt::format("{}; the stage starts over", error.what()));
    }
  if (!comm::agree(collective_, usable)) return std::nullopt;
  SafeTensors found(file_);
  earlier_chunks_ = numbers(found.metadata(), "chunks");
  if (earlier_chunks_.back() == chunk_) earlier_chunks_.pop_back();
  Saved saved{{number(found.metadata(), "epoch"), number(found.metadata(), "step")}, {}};
  for (const auto& [name, tensor] : found.tensors()) saved.tensors[name] = tensor_of(tensor);
  return saved;
}

void Checkpoint::write(const Place& place, std::int64_t step_of_stage,
                       const std::map<std::string, at::Tensor>& tensors) {
  if (collective_.rank() != 0) return;  // the others are equal to it
  auto start = std::chrono::steady_clock::now();
  std::map<std::string, at::Tensor> host;
  std::map<std::string, SafeTensor> entries;
  std::int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    at::Tensor own = host[name] = tensor.detach().cpu().contiguous();
    entries[name] = entry_of(own);
    bytes += static_cast<std::int64_t>(own.nbytes());
  }
  std::map<std::string, std::string> about = description();
  about["epoch"] = std::to_string(place.epoch);
  about["step"] = std::to_string(place.step);
  std::vector<std::int64_t> chunks = earlier_chunks_;
  chunks.push_back(chunk_);
  about["chunks"] = fmt::format("{}", fmt::join(chunks, " "));
  about["digest"] = digest_of(entries, about);
  make_folders(file_.parent_path());
  write_atomically(file_, [&](const Path& part) { write_safetensors(part, entries, about); });
  last_ = std::chrono::steady_clock::now();
  observer_.checkpointed(step_of_stage, bytes, std::chrono::duration<double>(last_ - start).count());
}

}  // namespace winnow::train
