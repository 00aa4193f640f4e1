// Which settings were looked at: by whom, does not matter.
#pragma once

#include <set>
#include <string>

namespace winnow {

// While one lives, every key that this thread reads from any Settings is noted in it, of copies and of settings made
// meanwhile, too. They nest; the outer one sees what the inner one sees. Settings::all() and has() are not noted: to
// copy a setting is not to look at it.
class RecordedReads {
 public:
  RecordedReads();
  ~RecordedReads();
  RecordedReads(const RecordedReads&) = delete;
  RecordedReads& operator=(const RecordedReads&) = delete;

  const std::set<std::string>& keys() const { return keys_; }
  static void note(const std::string& key);

 private:
  std::set<std::string> keys_;
  RecordedReads* outer_;
};

}  // namespace winnow
