// The stand-in for a Python's torch, of the same wheel: libstandin.so has the device from the moment in which it is
// loaded (standin.py). Plain functions, for ctypes.
#include <vector>

#include "standin.h"

namespace {
// What the caller holds until it ends it.
std::vector<standin::NoWaiting*>& guards() {
  static std::vector<standin::NoWaiting*> all;
  return all;
}
}  // namespace

extern "C" {

// values, shapes, copies_out, copies_in since the last reset.
void standin_waits(std::int64_t* four) {
  standin::Waits own = standin::waits();
  four[0] = own.values, four[1] = own.shapes, four[2] = own.copies_out, four[3] = own.copies_in;
}

std::int64_t standin_bytes_in() { return standin::bytes_in(); }
std::int64_t standin_uploads() { return standin::uploads(); }

// Since the last reset. One operator is one launch, or a few in a fixed number.
std::int64_t standin_launches() { return standin::launches(); }

// Of one operator by its name ("add.Tensor").
std::int64_t standin_launches_of(const char* name) {
  auto all = standin::operators();
  auto found = all.find(name);
  return found == all.end() ? 0 : found->second;
}

void standin_reset() { standin::reset(); }

// Between the two every wait is an error.
void standin_forbid_waiting() { guards().push_back(new standin::NoWaiting()); }
void standin_allow_waiting() {
  if (guards().empty()) return;
  delete guards().back();
  guards().pop_back();
}

}  // extern "C"
