// winnow fsck: is every run file of a store what its writer wrote?
#include <fmt/format.h>

#include <cstdio>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "sweep_options.h"
#include "winnow/core/counted.h"
#include "winnow/core/settings.h"
#include "winnow/store/store.h"

namespace winnow::cmd {

int fsck(int argc, char** argv) {
  Command app(
      "fsck",
      "Verifies every run file of a store against its digests. Damaged ones are moved to damaged/, and the next\n"
      "`winnow run` of a sweep computes those again that it still needs: its experiments, and of earlier stages those\n"
      "that an experiment waits for; where all of them are done, an earlier stage is left as it is.\n"
      "Removes what killed writers left, and checkpoints of stages that are done. Exit code 0 if all are good, 3 if\n"
      "some were damaged.",
      "  winnow fsck\n"
      "  winnow fsck --store /big/results --json\n");
  OwnStore options;
  options.add_to(app);
  if (!parse(app, argc, argv)) return kDone;

  store::Store::Check check = options.open().fsck();
  if (options.json) {
    Value list = Value::array();
    for (const auto& damage : check.damaged)
      list.push_back(
          {{"file", damage.file.string()}, {"reason", damage.reason}, {"moved_to", damage.moved_to.string()}});
    fmt::print("{}\n", Value({{"verified", check.verified},
                              {"damaged", list},
                              {"leftovers", check.leftovers},
                              {"checkpoints", check.checkpoints}})
                           .dump(2));
  } else {
    for (const auto& damage : check.damaged) fmt::print("{}; moved to {}\n", damage.reason, damage.moved_to.string());
    fmt::print(
        "{} run files verified, {} damaged{}{}\n", check.verified, check.damaged.size(),
        check.leftovers ? fmt::format(", {} leftovers of dead writers removed", check.leftovers) : "",
        check.checkpoints ? fmt::format(", {} of done stages removed", counted(check.checkpoints, "checkpoint")) : "");
  }
  return check.damaged.empty() ? kDone : kSomeFailed;
}

}  // namespace winnow::cmd
