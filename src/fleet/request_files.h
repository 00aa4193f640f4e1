// The coordinator's side of requests.h: files NAME.request, and NAME.answer beside each, empty until it is answered.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "winnow/fleet/requests.h"

namespace winnow::fleet {

class RequestFiles {
 public:
  // What was asked of another run is removed. UsageError as of require_own_folders.
  explicit RequestFiles(const Path& store);

  // Answers all that have come, in the order of their names. `carry_out` is told the name, and returns nothing where
  // the answer takes time: then it is asked again at the next call. It throws UsageError with why it refuses; a file
  // that is no request is refused here.
  void answer(const std::function<std::optional<std::string>(const std::string& name, const Request&)>& carry_out);

 private:
  Path folder_;
};

}  // namespace winnow::fleet
