// A store for oneself: what a coordinator holds while it works, for commands that must not meet one.
#pragma once

#include <memory>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

class Exclusive {
 public:
  // Until the object dies no coordinator starts on the store. UsageError naming who works there; DeviceError where
  // nothing can be written.
  explicit Exclusive(const Path& store);
  ~Exclusive();
  Exclusive(const Exclusive&) = delete;

  void refresh();           // at least every 10 s: coordinators on other hosts take what is silent for dead
  void note(Value record);  // into the store's journal; "event" says what happened

  // Does a coordinator that lives work on the store? Changes nothing.
  static bool held_by_another(const Path& store);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace winnow::fleet
