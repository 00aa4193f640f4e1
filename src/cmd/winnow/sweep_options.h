// Options that several subcommands share: which sweep, which store.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "preset_options.h"
#include "winnow/store/store.h"
#include "winnow/sweep/plan.h"

namespace winnow::cmd {

struct StoreOptions {
  std::string store = "results";
  std::vector<std::string> references;

  void add_to(CLI::App& app);
  // Where results are read from besides the store: --reference, else the committed outcomes of the checkout that this
  // program was built in.
  std::vector<Path> read_only() const;
  store::Store open() const;  // UsageError where the name is one of a file
  // For commands that only read: UsageError where a folder that was named does not exist. The default one may be
  // missing: nothing has run here yet, and the committed outcomes can be read all the same.
  store::Store open_to_read() const;

 private:
  CLI::Option* named_ = nullptr;  // --store
};

// One store alone, by commands that look after it.
struct OwnStore {
  std::string folder = "results";
  bool json = false;

  void add_to(CLI::App& app);
  store::Store open() const;  // UsageError where there is no such folder
};

struct SweepOptions {
  std::string file;
  std::vector<std::string> sets;
  PresetOptions presets;

  void add_to(CLI::App& app);
  sweep::Catalogue catalogue() const;  // of this machine, with the presets beside the sweep file
  sweep::Plan plan() const;            // against the presets and fingerprints of this machine
  // The same for those who will compute: DataError when a data set's files changed since their fingerprint was
  // recorded.
  sweep::Plan plan_to_run() const;
  // The same, but what is missing on this machine leaves identities open (sweep::Absent): to look at, not to run.
  sweep::Plan plan_with_holes() const;

 private:
  sweep::Plan checked(sweep::Absent) const;
};

// Several sweeps, for one run. Their order is their priority.
struct SweepsOptions {
  std::vector<std::string> files, sets;
  PresetOptions presets;

  void add_to(CLI::App& app, const std::string& what);  // what: the sweeps are for
  SweepOptions one(const std::string& file) const;      // of `files`
  // As those of SweepOptions, each with all of `sets`. UsageError or DataError naming the file for one that is refused,
  // and for two of one name: what a store keeps of a sweep has its name.
  std::vector<sweep::Plan> plans_to_run() const { return plans(&SweepOptions::plan_to_run); }
  std::vector<sweep::Plan> plans_with_holes() const { return plans(&SweepOptions::plan_with_holes); }

 private:
  std::vector<sweep::Plan> plans(sweep::Plan (SweepOptions::*)() const) const;
};

// What is legal and probably not meant: the plan's notes, and those of the records of its data sets (a class without a
// training image).
std::vector<std::string> notes_on(const sweep::Plan&);

}  // namespace winnow::cmd
