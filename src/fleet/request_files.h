// The coordinator's side of requests.h: files NAME.request, and NAME.answer beside each.
#pragma once

#include <functional>

#include "winnow/fleet/requests.h"

namespace winnow::fleet {

class RequestFiles {
 public:
  explicit RequestFiles(const Path& store);  // what lies there was asked of another run: it is removed

  // Answers all that have come, in the order of their names. `carry_out` throws UsageError with why it refuses; a file
  // that is no request is refused here.
  void answer(const std::function<std::string(const Request&)>& carry_out);

 private:
  Path folder_;
};

}  // namespace winnow::fleet
