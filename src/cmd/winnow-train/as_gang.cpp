#include "as_gang.h"

#include <chrono>
#include <thread>

#include "outcome.h"
#include "winnow/comm/join_gang.h"
#include "winnow/device/device.h"

namespace winnow::cmd {

namespace {

constexpr std::chrono::seconds kFirstWord{2};  // for process 0 to say it

}  // namespace

int as_gang(const std::string& device, const std::function<int(comm::Collective&, c10::Device)>& body) {
  std::unique_ptr<comm::Collective> gang = comm::join_gang();
  bool ended = false;
  int code = guarded([&] {
    try {
      comm::PlaceOnNode here = comm::place_on_node();
      c10::Device place = device::of_member(device::named(device), gang->size(), here.rank, here.size);
      device::make_reproducible(place);
      comm::add_nccl(gang, place);
      int own = body(*gang, place);
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
