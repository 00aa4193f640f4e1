// Programs of methods (docs/programs.md) that a trainer keeps alive from stage to stage, so that they import what they
// need once.
#pragma once

#include <memory>

namespace winnow::train {

class LivingProgram;

// Keeps the last one. Destruction ends it. Not to be shared between threads.
class Programs {
 public:
  Programs();
  ~Programs();
  Programs(const Programs&) = delete;

  std::unique_ptr<LivingProgram>& last() { return last_; }

 private:
  std::unique_ptr<LivingProgram> last_;
};

}  // namespace winnow::train
