// What stages of each class took, from a journal's records.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace winnow::fleet {

class ClassHistory {
 public:
  struct Known {
    double seconds = 0;  // of all together
    std::size_t stages = 0;
    std::int64_t peak = 0;  // bytes of a device that one held at most; 0: not known
  };

  // A record as Journal::scan gives it; one of another event changes nothing.
  void take(std::string_view record);
  const std::map<std::string, Known, std::less<>>& classes() const { return classes_; }

 private:
  Known& of(std::string_view kind);

  std::map<std::string, Known, std::less<>> classes_;
};

}  // namespace winnow::fleet
