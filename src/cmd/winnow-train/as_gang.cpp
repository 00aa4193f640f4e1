#include "as_gang.h"

#include <chrono>
#include <thread>

#include "outcome.h"
#include "winnow/comm/join_gang.h"

namespace winnow::cmd {

namespace {

constexpr std::chrono::seconds kFirstWord{2};  // for process 0 to say it

}  // namespace

int as_gang(const std::function<int(comm::Collective&)>& body) {
  std::unique_ptr<comm::Collective> gang = comm::join_gang();
  bool ended = false;
  int code = guarded([&] {
    try {
      int own = body(*gang);
      ended = true;
      return own;
    } catch (...) {
      if (gang->rank() > 0) std::this_thread::sleep_for(kFirstWord);
      throw;
    }
  });
  if (!ended && gang->size() > 1) comm::abandon_gang(code);
  return code;
}

}  // namespace winnow::cmd
