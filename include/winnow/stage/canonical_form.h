// The one writer of a stage's canonical form, whose hash is the stage's identity. docs/design.md#4.
#pragma once

#include <string>
#include <string_view>

#include "winnow/stage/stage.h"

namespace winnow {

// Puts the form together. Planning overrides what differs between many stages of one shape and keeps holes there.
class CanonicalForm {
 public:
  virtual ~CanonicalForm() = default;

  // {"fingerprints":{},"inputs":{"backbone":{"output":"weights","stage":"<hex>"}},"kind":"train","outputs":["metrics"],"settings":{},"version":1}
  void write(const Stage&);

  static std::string fragment(const std::string& key, const Value& value);  // `"key":value,`

 protected:
  virtual void text(std::string_view) = 0;
  virtual void input(const std::string& name, const Identity& stage) = 0;          // its digits
  virtual void setting(const std::string& key, const Value&, bool defaulted) = 0;  // fragment(), or nothing
  virtual void end_of_settings() = 0;  // takes the last fragment's comma away
};

}  // namespace winnow
