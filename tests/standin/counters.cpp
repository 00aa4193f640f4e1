#include "counters.h"

#include <c10/util/Exception.h>

#include <atomic>
#include <mutex>
#include <set>

namespace standin {

namespace {

struct Counts {
  std::mutex mutex;
  Waits waits;
  std::int64_t bytes_in = 0, uploads = 0;
  std::map<std::string, std::int64_t> operators;
};

Counts& counts() {
  static auto* all = new Counts;
  return *all;
}

enum Forbidden : int { nothing = 0, all_waiting = 1, all_but_copies_in = 2 };
std::atomic<int> forbidden{nothing};
thread_local int kernels = 0;

}  // namespace

void count_wait(std::int64_t Waits::*kind, const std::string& operation) {
  int level = forbidden.load();
  bool allowed = level == nothing || (level == all_but_copies_in && kind == &Waits::copies_in);
  TORCH_CHECK(allowed, "stand-in device: the host waits in ", operation, " where it must not");
  std::lock_guard lock(counts().mutex);
  ++(counts().waits.*kind);
}

void count_upload(std::size_t bytes) {
  std::lock_guard lock(counts().mutex);
  ++counts().uploads;
  counts().bytes_in += static_cast<std::int64_t>(bytes);
}

void count_operator(const std::string& name) {
  std::lock_guard lock(counts().mutex);
  ++counts().operators[name];
}

Waits waits() {
  std::lock_guard lock(counts().mutex);
  return counts().waits;
}

std::int64_t bytes_in() {
  std::lock_guard lock(counts().mutex);
  return counts().bytes_in;
}

std::int64_t uploads() {
  std::lock_guard lock(counts().mutex);
  return counts().uploads;
}

std::map<std::string, std::int64_t> operators() {
  std::lock_guard lock(counts().mutex);
  return counts().operators;
}

std::int64_t launches() {
  static const std::set<std::string> nothing_to_compute = {"view", "as_strided", "_reshape_alias", "_fused_sdp_choice"};
  std::int64_t sum = 0;
  for (const auto& [name, count] : operators())
    if (!nothing_to_compute.count(name)) sum += count;
  return sum;
}

void reset() {
  std::lock_guard lock(counts().mutex);
  counts().waits = {};
  counts().bytes_in = counts().uploads = 0;
  counts().operators.clear();
}

NoWaiting::NoWaiting(bool copies_in_too)
    : before_(forbidden.exchange(copies_in_too ? all_waiting : all_but_copies_in)) {}
NoWaiting::~NoWaiting() { forbidden = before_; }

InKernel::InKernel() { ++kernels; }
InKernel::~InKernel() { --kernels; }
bool in_kernel() { return kernels != 0; }

}  // namespace standin
