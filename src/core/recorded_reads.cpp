#include "winnow/core/recorded_reads.h"

namespace winnow {

namespace {

thread_local RecordedReads* innermost = nullptr;

}  // namespace

RecordedReads::RecordedReads() : outer_(innermost) { innermost = this; }

RecordedReads::~RecordedReads() {
  innermost = outer_;
  if (outer_) outer_->keys_.insert(keys_.begin(), keys_.end());
}

void RecordedReads::note(const std::string& key) {
  if (innermost) innermost->keys_.insert(key);
}

}  // namespace winnow
