// winnow new: files to start from.
#include <fmt/format.h>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/core/shell_word.h"
#include "winnow/sweep/skeleton.h"

namespace winnow::cmd {

int make_new(int argc, char** argv) {
  Command app("new",
              "Writes commented files to start from: a method in Python beside a sweep that compares it, a preset of a "
              "data set or a model, a sweep.\n"
              "Nothing that is there is overwritten.",
              "  winnow new method my-method            presets/methods/my-method.toml, my_method.py, my-method.toml\n"
              "  winnow run my-method.toml\n"
              "  winnow new dataset birds\n"
              "  winnow new model my-net\n"
              "  winnow new sweep my-question\n");
  std::string kind, name, folder = ".";
  app.add_option("KIND", kind, fmt::format("{}", fmt::join(sweep::skeleton_kinds().all(), ", ")))->required();
  app.add_option("NAME", name, "what it is to be called")->required();
  app.add_option("--folder", folder, "where the files are for: that of the sweep")->capture_default_str();
  if (!parse(app, argc, argv)) return kDone;

  sweep::SkeletonKind what = sweep::skeleton_kinds().parse(kind);
  std::vector<sweep::SkeletonFile> files = sweep::skeleton(what, name);
  for (const sweep::SkeletonFile& file : files)
    if (std::filesystem::exists(Path(folder) / file.path))
      throw UsageError(fmt::format("new: {} is there already, and stays", (Path(folder) / file.path).string()));
  for (const sweep::SkeletonFile& file : files) {
    Path path = (Path(folder) / file.path).lexically_normal();
    if (path.has_parent_path()) make_folders(path.parent_path());
    write_file_atomically(path, file.text);
    fmt::print("{}\n", path.string());
  }
  Path last = (Path(folder) / files.back().path).lexically_normal();
  if (what == sweep::SkeletonKind::dataset)
    fmt::print("\nput its images where it says, then: winnow data check {} --presets {}\n", name,
               shell_word((Path(folder) / "presets").lexically_normal().string()));
  else fmt::print("\nthen: winnow try {0}; winnow run {0}; winnow report {0}\n", shell_word(last.string()));
  return kDone;
}

}  // namespace winnow::cmd
