#include "loss_watch.h"

#include <fmt/format.h>

#include <utility>

namespace winnow::comm {

LossWatch::LossWatch(Time deadline, Time period, Functions functions)
    : deadline_(deadline), period_(period), functions_(std::move(functions)), thread_([this] { watch(); }) {}

LossWatch::~LossWatch() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void LossWatch::accepted(const char* what, std::function<bool()> done) {
  std::lock_guard lock(mutex_);
  if (open_.empty()) moved_ = std::chrono::steady_clock::now();
  open_.push_back({what, std::move(done)});
}

std::string LossWatch::fault_now() {
  if (std::string fault = functions_.fault(); !fault.empty()) return fault;
  auto now = std::chrono::steady_clock::now();
  while (!open_.empty() && open_.front().done()) {
    open_.pop_front();
    moved_ = now;
  }
  if (open_.empty() || now - moved_ <= deadline_) return "";
  return fmt::format("{} was accepted and did not come to its end in {} s", open_.front().what,
                     std::chrono::duration_cast<std::chrono::seconds>(deadline_).count());
}

void LossWatch::watch() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, period_, [&] { return ending_; })) {
    std::string fault = fault_now();
    if (fault.empty()) continue;
    lock.unlock();  // whoever is told may end everything
    functions_.lost(fault);
    return;
  }
}

}  // namespace winnow::comm
