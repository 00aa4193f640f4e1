// winnow pack: last metrics and curves of all runs of a store in one file.
#include "winnow/store/pack.h"

#include <fmt/format.h>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "sweep_options.h"
#include "winnow/core/printable.h"
#include "winnow/core/settings.h"

namespace winnow::cmd {

int pack(int argc, char** argv) {
  Command app(
      "pack",
      "Gathers last metrics and curves of all runs into <store>/table.h5, from which reports of many runs are fast. It "
      "may be\n"
      "missing or out of date: reports then read run files, and say the same. Reads only what is new since the last "
      "time.",
      "  winnow pack\n"
      "  winnow pack --store /big/results --json\n"
      "  python3 -c 'import h5py, pandas; print(pandas.DataFrame(h5py.File(\"results/table.h5\")[\"scalars\"][:]))'\n");
  OwnStore options;
  options.add_to(app);
  if (!parse(app, argc, argv)) return kDone;

  store::Store store = options.open();
  store::Packed packed = store::pack(store);
  std::string file = store::table_path(store.root()).string();
  if (options.json) {
    fmt::print("{}\n", Value({{"file", file},
                              {"runs", packed.runs},
                              {"read", packed.read},
                              {"gone", packed.gone},
                              {"left_out", packed.left_out},
                              {"replaced", packed.replaced},
                              {"written", packed.written}})
                           .dump(2));
    return packed.left_out.empty() ? kDone : kSomeFailed;
  }
  for (const std::string& reason : packed.left_out) fmt::print("{}\n", printable(reason));
  if (!packed.replaced.empty()) fmt::print("made anew: {}\n", packed.replaced);
  fmt::print("{}: {} runs, {} read, {} gone{}{}\n", printable(file), packed.runs, packed.read, packed.gone,
             packed.written ? "" : "; nothing new",
             packed.left_out.empty() ? "" : fmt::format("; {} left out", packed.left_out.size()));
  return packed.left_out.empty() ? kDone : kSomeFailed;
}

}  // namespace winnow::cmd
