// What winnow knows of methods, models and data sets before it runs anything: the presets (sweeps/presets), compiled
// in, and those that people bring (preset_folders.h).
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"
#include "winnow/data/label_set.h"
#include "winnow/stage/program.h"
#include "winnow/stage/program_wishes.h"
#include "winnow/stage/shared_code.h"
#include "winnow/sweep/preset_folders.h"

namespace winnow::data {
struct Manifest;
}

namespace winnow::sweep {

// One preset file. What it may hold is written in sweeps/presets/README.md.
struct Preset {
  std::string name;
  std::string source;                // "sweeps/presets/methods/proden.toml"
  Value content;                     // the TOML as JSON; of one from outside, with roots that no working folder moves
  std::map<std::string, int> lines;  // of its entries, by dotted key
  std::string folder;                // of one from outside: the folder that was named; empty: built in
  // Of a data set or a model from outside: a hash of what decides where its files are and how they are read. A record
  // of this machine that has another one is of another preset with this name.
  std::string digest;
  bool other_record = false;  // there is such a record

  bool from_outside() const { return !folder.empty(); }
  std::string place(const std::string& entry) const;  // "FILE:12"; the file alone for an entry that it does not have
  std::string option() const;  // what a command line needs to know it: " --presets FOLDER", or nothing
};

// A declared key, and where it exists: only where every setting of `when` has one of these values.
struct Key : Declaration {
  std::map<std::string, std::vector<Value>> when;
  bool shared = false;     // one value for all stages of an experiment
  bool of_recipe = false;  // read by the recipe, to make stages; no setting of the method
  // Of a stage table (`detect.train.lr`): its default is the key outside the table, "=train.lr". The canonical form
  // leaves out what equals that key's own default.
  bool inherited = false;
  std::optional<Value> plain;  // that default; none: never left out

  // Of a stage table's key that a method declares: the key that names the method ("detect.method"), which `when` asks
  // for. Several methods may declare one key, each with its type, range and default.
  std::string method_key;

  // Which method a stage runs is part of its canonical form even where there is only one: two recipes share the stage.
  bool always_written = false;

  const std::optional<Value>& left_out() const {
    static const std::optional<Value> none;
    return always_written ? none : inherited ? plain : fallback;
  }
};

using Assignments = std::map<std::string, Value>;  // dotted key -> value

// none: the method learns without labels, so that settings labels.* do not exist for it.
enum class LabelNeed { none, given, candidates };

// What a method cannot do without: labelled samples that are set aside (data.validation), epochs after its warm-up,
// steps finer than fp16 has, one context in front of all names where blocks have contexts of their own (context_depth).
enum class Need { validation, epochs_after_warmup, fine_steps, one_context };

// What the preset of a method that is a program says of it ([program]).
struct MethodProgram : Program {
  std::string fingerprint;  // of all that it consists of
  std::set<std::string>
      takes;  // what it is handed beside samples and labels: class-names, features, weights, detector-weights
  std::set<std::string> reads;  // the common keys that it reads, besides those that all stages of an experiment share
  std::set<std::string> gives;  // predictions, selection, scores, weights
  ProgramWishes wishes;
  bool deterministic = true;  // a second execution gives the same result
};

// What a variant says that its method does not: above the presets of data set, model and method, below the sweep.
struct Variant {
  Assignments settings;
  std::map<std::string, Assignments> profiles, datasets;  // of it, profiles stand above settings, data sets above both
};

// What experiments of a method do otherwise than its paper, where these settings have these values.
struct Departure {
  Assignments when;
  std::string text;
};

// Values that stand in the place of the profiles' where every setting of `when` has one of these: CoOp's epochs, by its
// shots. Presets of data sets and models, variants and the sweep stand above.
struct Case {
  std::map<std::string, std::vector<Value>> when;
  Assignments set;
};

struct Method : Preset {
  std::string implementation;  // whose code computes its stages: its own name, or that of the method that it is like
  std::string declared_in;     // the preset that declares its keys
  std::optional<Variant> variant;
  std::optional<MethodProgram> program;
  int version = 1;
  std::string recipe;
  std::string system;  // whose recipes of a data set it follows: partialclip, deft, coft; or none
  LabelNeed labels = LabelNeed::given;
  std::string learner;  // what the last stage trains, where it is not the method itself
  std::map<std::string, std::vector<std::string>>
      stages;                       // earlier stages that a sweep may set, and the methods that each may run
  std::vector<std::string> inputs;  // what an earlier stage of its recipe must hand it, if anything
  std::vector<Need> needs;
  std::vector<std::string> shares;  // keys that are shares of a whole: at most 1 together
  // Where there are some, the method runs twice: a first run, which alone has these keys, hands what it selected to the
  // second one, which starts from scratch, as its input "confident".
  std::vector<std::string> first_run_keys;
  bool runs_twice() const { return !first_run_keys.empty(); }
  // The name of the class texts that its paper uses ("llm"). Experiments whose prompt is of another kind depart from
  // it.
  std::string texts;
  std::vector<Departure> departures;  // others; plans and tables name them
  // Its profiles hold in a stage of others that runs it, too, over those of that stage's owner.
  bool own_recipe = false;
  std::vector<Key> keys;  // its own, and those of its stages' tables
  std::map<std::string, Assignments> profiles, datasets;
  std::vector<Case> cases;  // later ones win
  // Profiles of the methods with an own recipe that a stage may run, under the stage's names: stage, method, profile.
  std::map<std::string, std::map<std::string, std::map<std::string, Assignments>>> stage_profiles;

  bool needs_a(Need need) const { return std::find(needs.begin(), needs.end(), need) != needs.end(); }
  // Does this common key exist in its experiments? (model always does: it may be a scorer's.)
  bool has_common(const std::string& key, bool shared) const;
};

// Values that hold only where every text of `when` is the experiment's: profile, labels.kind, or system (the method's).
// Of several, later ones win.
struct Conditional {
  std::map<std::string, std::string> when;
  Assignments set;
};

struct Dataset : Preset {
  Assignments settings;
  std::vector<Conditional> recipes;  // the views of the three systems' recipes
  bool noisy = false;                // its own training labels are noisy: labels.set = own gives them
  std::int64_t classes = 0, train = 0,
               test = 0;  // as found on this machine, else as the preset expects them; 0: not known

  data::Manifest manifest() const;  // UsageError with file and line
};

struct Model : Preset {
  struct Pretrain {
    Assignments settings;
  };
  std::string family, download;    // of a downloaded snapshot: where it is
  std::vector<std::string> roots;  // folders where the snapshot may lie, besides those of data::weights_folders
  Assignments settings;
  std::vector<Conditional> recipes;
  std::map<std::string, Assignments> datasets;  // for a data set: the only place where a model sets data.*
  std::optional<Pretrain> pretrain;             // the stage that makes it
  Assignments architecture;                     // of one that is initialised randomly: entries of config.json
  // Without either its weights are a downloaded snapshot.
  bool downloaded() const { return !pretrain && architecture.empty(); }
};

// Fingerprints of data sets and of downloaded weights by name: what `winnow data check` and `winnow model check`
// recorded; of arrays of scores by "scores/NAME", of files of templates by "templates/DATASET/NAME". One that begins
// with kOpen stands for what is not on this machine.
using Fingerprints = std::map<std::string, std::string>;

struct Catalogue {
  std::map<std::string, Method> methods;  // that a sweep may name
  std::map<std::string, Method> parts;    // that run as a stage of others alone: no recipe of theirs makes their inputs
  std::map<std::string, Model> models;
  std::map<std::string, Dataset> datasets;
  std::vector<Key> common;  // keys of every experiment: dataset, data.*, labels.*, model, adapt, train.*, seed
  Fingerprints fingerprints;
  // That people gave: by data set and name (labels.set). Those that a preset declares have an open fingerprint until
  // `winnow data check` found them.
  std::map<std::string, std::map<std::string, data::LabelSet>> labels;

  PartVersions shared_code;                // result versions: those of this program
  std::map<StageKind, int> kind_versions;  // of those whose code is no method's

  std::vector<PresetFile> outside;  // what was read besides the presets in this program

  const Method& method(const std::string& name) const;  // one of `methods` or of `parts`

  // The presets in this program, and those from outside. UsageError with file and line for what is wrong with one.
  static Catalogue built_in(Fingerprints, std::vector<PresetFile> outside = {});
  // The same, with the fingerprints that were recorded here.
  static Catalogue on_this_machine(std::vector<PresetFile> outside = {});
};

}  // namespace winnow::sweep
