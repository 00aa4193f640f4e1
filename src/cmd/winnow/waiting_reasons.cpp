#include "waiting_reasons.h"

#include <fmt/format.h>

#include "exact_duration.h"
#include "status_fields.h"

namespace winnow::cmd {

std::vector<WaitingReason> waiting_reasons(const Value& status) {
  std::vector<WaitingReason> reasons;
  auto found = status.find("waiting");
  if (found == status.end() || !found->is_object()) return reasons;
  auto part = [&](double stages, std::string why) {
    if (stages > 0) reasons.push_back({stages, std::move(why)});
  };
  double room = number_or(*found, "room", 0);
  for (const Value& wide : list(*found, "wide")) {
    part(number_or(wide, "stages", 0), fmt::format("for {:.0f} free slots together", number_or(wide, "width", 0)));
    room -= number_or(wide, "stages", 0);
  }
  part(room + number_or(*found, "given", 0), "for a free slot");
  part(number_or(*found, "preparing", 0), "for data, inputs or GPU memory");
  part(number_or(*found, "inputs", 0), "for what other stages compute");
  part(number_or(*found, "pause", 0),
       fmt::format("to be tried again (the next in {})", exact_duration(number_or(*found, "next_try", 0))));
  return reasons;
}

}  // namespace winnow::cmd
