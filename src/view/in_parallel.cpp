#include "winnow/view/in_parallel.h"

#include <ATen/Parallel.h>
#include <c10/core/thread_pool.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

namespace winnow::view {

namespace {

bool& serial() {
  thread_local bool here = false;
  return here;
}

// Threads beside the calling one. They live as long as the process, or until another number is wanted.
class Helpers {
 public:
  void run(std::vector<std::function<void()>> tasks, const std::function<void()>& own) {
    std::lock_guard lock(mutex_);  // one call at a time: waitWorkComplete waits for all tasks
    if (!pool_ || pool_->size() != tasks.size())
      pool_ = std::make_unique<c10::ThreadPool>(static_cast<int>(tasks.size()));
    for (auto& task : tasks) pool_->run(std::move(task));
    own();
    pool_->waitWorkComplete();
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<c10::ThreadPool> pool_;
};

}  // namespace

Serial::Serial() : was_(serial()) { serial() = true; }
Serial::~Serial() { serial() = was_; }

void in_parallel(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& work) {
  std::int64_t parts =
      serial() ? 1 : std::min<std::int64_t>(at::get_num_threads(), count / std::max<std::int64_t>(grain, 1));
  if (parts <= 1) {
    if (count > 0) work(0, count);
    return;
  }
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(parts));
  auto part = [&](std::int64_t i) {
    Serial within;
    try {
      work(count * i / parts, count * (i + 1) / parts);
    } catch (...) {
      failures[static_cast<std::size_t>(i)] = std::current_exception();
    }
  };
  std::vector<std::function<void()>> tasks;
  for (std::int64_t i = 1; i < parts; ++i) tasks.emplace_back([&part, i] { part(i); });
  static Helpers helpers;
  helpers.run(std::move(tasks), [&part] { part(0); });
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace winnow::view
