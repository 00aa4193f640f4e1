// Images ahead of the step: what steps and passes will ask for next is decoded, resized and augmented on threads of its
// own, so that a device does not wait for the host.
#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace winnow::train {

// One view of some samples.
struct WantedImages {
  std::string split, view;
  at::Tensor samples;  // int64, on the host
  std::int64_t epoch = 0;
  std::int64_t member = 0;  // of a test-time ensemble
};

// The levels (uint8, on the host, in pinned memory where `make` puts them there) that `make` gives for what is wanted:
// always the same, whoever makes them and when. One thread asks; `make` is called on it and on the queue's.
class ImageQueue {
 public:
  using Make = std::function<at::Tensor(const WantedImages&)>;
  // Without threads everything is made when it is asked for.
  ImageQueue(int threads, Make);
  ~ImageQueue();  // what is being made is finished first
  ImageQueue(const ImageQueue&) = delete;

  void ahead(WantedImages);  // will be asked for: starts making it, unless that was said already
  // Waits where it is being made, makes it where no thread has begun. What `make` threw is thrown here.
  at::Tensor get(const WantedImages&);
  double waited() const { return waited_; }  // seconds that get() took in all

 private:
  using Key = std::tuple<std::string, std::string, std::int64_t, std::int64_t, std::vector<std::int64_t>>;
  struct Job {
    WantedImages wanted;
    enum class State { open, running, done } state = State::open;
    at::Tensor levels;
    std::exception_ptr failure;
  };
  static Key key_of(const WantedImages&);
  void work();
  void run(Job&);

  Make make_;
  std::map<Key, std::shared_ptr<Job>> jobs_;  // said to be wanted, not yet asked for
  std::deque<std::shared_ptr<Job>> open_;     // oldest first
  std::deque<Key> order_;                     // of jobs_, oldest first
  std::int64_t images_ = 0;                   // of jobs_
  std::mutex mutex_;
  std::condition_variable work_, done_;
  bool ending_ = false;
  double waited_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace winnow::train
