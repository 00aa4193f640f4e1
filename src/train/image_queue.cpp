#include "image_queue.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

#include "winnow/view/in_parallel.h"

namespace winnow::train {

namespace {

// Images that were said to be wanted and not asked for are forgotten beyond these, the oldest first: a step may ask for
// other views than the one before it.
constexpr std::int64_t kMostImages = 4096;

}  // namespace

ImageQueue::ImageQueue(int threads, Make make) : make_(std::move(make)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

ImageQueue::~ImageQueue() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

ImageQueue::Key ImageQueue::key_of(const WantedImages& wanted) {
  const std::int64_t* first = wanted.samples.const_data_ptr<std::int64_t>();
  return {wanted.split, wanted.view, wanted.epoch, wanted.member, {first, first + wanted.samples.numel()}};
}

void ImageQueue::ahead(WantedImages wanted) {
  if (threads_.empty()) return;
  wanted.samples = wanted.samples.contiguous();
  Key key = key_of(wanted);
  std::lock_guard lock(mutex_);
  auto [place, fresh] = jobs_.try_emplace(key);
  if (!fresh) return;
  place->second = std::make_shared<Job>(Job{std::move(wanted)});
  open_.push_back(place->second);
  images_ += place->second->wanted.samples.numel();
  order_.push_back(std::move(key));
  while (images_ > kMostImages && order_.size() > 1) {
    auto oldest = jobs_.find(order_.front());
    std::erase(open_, oldest->second);
    images_ -= oldest->second->wanted.samples.numel();
    jobs_.erase(oldest);
    order_.pop_front();
  }
  work_.notify_one();
}

// Not under the lock.
void ImageQueue::run(Job& job) {
  at::Tensor levels;
  std::exception_ptr failure;
  try {
    levels = make_(job.wanted);
  } catch (...) {
    failure = std::current_exception();
  }
  std::lock_guard lock(mutex_);
  job.levels = std::move(levels);
  job.failure = failure;
  job.state = Job::State::done;
  done_.notify_all();
}

void ImageQueue::work() {
  view::Serial one_of_many;
  while (true) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [&] { return ending_ || !open_.empty(); });
      if (ending_) return;
      job = open_.front();
      open_.pop_front();
      job->state = Job::State::running;
    }
    run(*job);
  }
}

at::Tensor ImageQueue::get(const WantedImages& wanted) {
  auto start = std::chrono::steady_clock::now();
  std::shared_ptr<Job> job;
  if (!threads_.empty()) {
    std::lock_guard lock(mutex_);
    Key key = key_of(wanted);
    if (auto found = jobs_.find(key); found != jobs_.end()) {
      job = found->second;
      jobs_.erase(found);
      std::erase(order_, key);
      images_ -= job->wanted.samples.numel();
      if (job->state == Job::State::open) {  // no thread has come to it
        std::erase(open_, job);
        job->state = Job::State::running;
        job = nullptr;
      }
    }
  }
  at::Tensor levels;
  if (job) {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return job->state == Job::State::done; });
    if (job->failure) std::rethrow_exception(job->failure);
    levels = job->levels;
  } else {
    levels = make_(wanted);
  }
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return levels;
}

}  // namespace winnow::train
