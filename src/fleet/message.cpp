#include "message.h"

#include <cstring>

#include "winnow/core/error.h"

namespace winnow::fleet {

namespace {

template <class T>
void put(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& bytes, std::string_view text) {
  put(bytes, static_cast<std::uint32_t>(text.size()));
  bytes.append(text);
}

class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  T get() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(get<std::uint32_t>())); }
  std::size_t left() const { return bytes_.size(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) throw InternalError("a message between winnow's processes ends too early");
    std::string_view part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }
  std::string_view bytes_;
};

}  // namespace

void Message::append_to(std::string& bytes) const {
  std::size_t start = bytes.size();
  put(bytes, std::uint32_t{0});
  put(bytes, kind);
  put(bytes, attempt);
  put(bytes, number);
  put(bytes, memory);
  put_text(bytes, text);
  put_text(bytes, detail);
  put(bytes, static_cast<std::uint32_t>(attempts.size()));
  for (const sched::Attempt& a : attempts) put(bytes, a);
  auto size = static_cast<std::uint32_t>(bytes.size() - start - sizeof(std::uint32_t));
  std::memcpy(bytes.data() + start, &size, sizeof size);
}

bool MessageReader::next(Message& message) {
  std::uint32_t size;
  std::string_view rest = std::string_view(bytes_).substr(used_);
  if (rest.size() >= sizeof size) {
    std::memcpy(&size, rest.data(), sizeof size);
    if (size > kLongest) throw InternalError("a message between winnow's processes is too long to be one");
  }
  if (rest.size() < sizeof size || rest.size() - sizeof size < size) {
    bytes_.erase(0, used_);
    used_ = 0;
    return false;
  }
  Fields fields(rest.substr(sizeof size, size));
  message.kind = fields.get<Message::Kind>();
  if (message.kind > Message::Kind::last)
    throw InternalError("a message of an unknown kind between winnow's processes");
  message.attempt = fields.get<sched::Attempt>();
  message.number = fields.get<double>();
  message.memory = fields.get<std::int64_t>();
  message.text = fields.text();
  message.detail = fields.text();
  auto count = fields.get<std::uint32_t>();
  if (fields.left() != count * sizeof(sched::Attempt))
    throw InternalError("a message between winnow's processes is not as long as it says");
  message.attempts.resize(count);
  for (sched::Attempt& a : message.attempts) a = fields.get<sched::Attempt>();
  used_ += sizeof size + size;
  return true;
}

}  // namespace winnow::fleet
