// The checkpoint of one stage: all that changes while it runs, in one file that is written atomically.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/train/execute.h"

namespace winnow::train {

// Where a stage resumes: before step `step` of epoch `epoch`.
struct Place {
  std::int64_t epoch = 0, step = 0;
};

// Process 0 reads and writes; the others of a gang receive what it read. Without a folder in the context nothing is
// kept.
//
// The result of a stage is a function of its width, threads and device besides its identity (docs/design.md#11), so a
// checkpoint of another of these is no more use than one of another stage: the stage starts over and says why.
class Checkpoint {
 public:
  Checkpoint(const Stage&, const Context&, comm::Collective&, Observer&);

  struct Saved {
    Place place;
    std::map<std::string, at::Tensor> tensors;
  };
  // Collective. What an earlier attempt left, or none.
  std::optional<Saved> read();
  // Collective. Replaces the one before. DeviceError.
  void write(const Place&, std::int64_t step_of_stage, const std::map<std::string, at::Tensor>&);
  // A folder was given; the interval has passed. Process 0 alone knows the time.
  bool kept() const { return !file_.empty(); }
  bool due() const;
  // Something of the saved state does not fit after all: as if there were none, and the observer hears why.
  void refuse(const std::string& why);
  // In which pieces (Context::chunk) attempts computed what read() gave, in their order, without the last ones that had
  // this one's. Process 0 knows them.
  const std::vector<std::int64_t>& earlier_chunks() const { return earlier_chunks_; }

 private:
  std::map<std::string, std::string> description() const;
  std::optional<std::string> fault_of_file() const;  // none: it is good

  Identity identity_;
  int threads_;
  std::string device_;  // its kind
  std::int64_t chunk_;
  std::vector<std::int64_t> earlier_chunks_;
  Path file_;
  std::chrono::duration<double> every_;
  std::chrono::steady_clock::time_point last_;
  comm::Collective& collective_;
  Observer& observer_;
};

}  // namespace winnow::train
