// The effective settings of one experiment: every level of docs/design.md#3 laid over the declared defaults, conditions
// of keys decided, references followed.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "grammar.h"
#include "schema.h"

namespace winnow::sweep {

enum class Level : std::uint8_t { declared, profile, dataset, model, method, variant, base, grid, override, set };

// A setting of the sweep file or the command line at its level.
struct Assigned {
  const Written* written;
  Level level;
  int number = 0;  // which grid or override, from 1
  int axis = -1;   // which axis of the grid; -1: none
};

// Values are computed when asked for: a condition of an override may be asked before every key has a value.
class Effective {
 public:
  // `assigned` from low to high; later ones win.
  Effective(const Catalogue&, const Schemas&, std::span<const Assigned> assigned);

  const Schema& schema() const { return *schema_; }
  // The key of this name that the experiment has, where methods of a stage declare several (Schema::index); -1: no key
  // has the name.
  int index(std::string_view name);
  bool active(int key);         // do its conditions hold?
  const Value* value(int key);  // null: inactive, or not set and without default
  const Value* value(std::string_view key);
  std::optional<Value> declared(int key);       // the declared default, its reference followed
  int default_of(int key);                      // the key that the declared default refers to; -1: none
  bool matches(const std::vector<Condition>&);  // all of them

  // Where the value comes from after following references: the keys from `key` to the one that holds a plain value, and
  // the axis that sets that one (-1: no axis).
  std::vector<int> chain(int key);
  int axis(int key) const { return settings_[static_cast<std::size_t>(key)].axis; }
  const Written* written(int key) const { return settings_[static_cast<std::size_t>(key)].written; }
  Level level(int key) const { return settings_[static_cast<std::size_t>(key)].level; }
  bool is_reference(int key) const;
  std::string level_text(int key) const;  // "grid 1"
  std::string where(int key) const;       // "sweeps/quickstart.toml:12"; of a default the file that declares it

 private:
  enum class State : std::uint8_t { unknown, busy, known };
  struct Setting {
    const Value* raw = nullptr;
    const Written* written = nullptr;     // null below [base]
    const std::string* source = nullptr;  // of a declared default: the preset
    int laid = -1;                        // of another value of a preset: which of laid_
    Level level = Level::declared;
    int number = 0;
    int axis = -1;
    State state = State::unknown, guard_state = State::unknown;
    bool active = false;
    std::optional<Value> value;
  };

  Setting& at(int key) { return settings_[static_cast<std::size_t>(key)]; }
  const Setting& at(int key) const { return settings_[static_cast<std::size_t>(key)]; }
  void lay(const Assignments&, const Preset&, std::string entry, Level);
  // The method's, and over them those of methods with an own recipe that its stages run.
  // `chosen`: what the sweep, or a variant, sets a key to; empty: nothing.
  void lay_profiles(const Method&, const Catalogue&, const std::string& profile,
                    const std::function<std::string(const std::string&)>& chosen);
  // After all that is assigned: what they ask for may be a sweep's.
  void lay_cases(const Method&, const Preset& declaring);
  int referred(int key);  // -1: a plain value
  void compute(int key);
  int existing(int first);  // of the alternatives from `first` on; `first` if none exists
  std::string name_of(std::string_view key) const;

  // A table of a preset whose values were laid, by its dotted key: "profiles.reference".
  struct Laid {
    const Preset* preset;
    std::string entry;
  };

  const Schema* schema_;
  std::vector<Laid> laid_;
  std::vector<Setting> settings_;
};

}  // namespace winnow::sweep
